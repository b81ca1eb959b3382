// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { judgeCapabilities, judgeFeatures, judgeNode, judgeTools } from '../../src/cli/findings.ts';

function kernel(features: Record<string, boolean | null>) {
  return { release: '5.10.0', architecture: 'x64', features, programTypes: {}, mapTypes: {} };
}

describe('the doctor', () => {
  it.each([
    ['root', 'CapEff:\t000001ffffffffff', 'good'],
    ['CAP_SYS_ADMIN alone', 'CapEff:\t0000000000200000', 'good'],
    ['CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_SYS_RESOURCE', 'CapEff:\t000000c001080000', 'good'],
    ['no capability', 'CapEff:\t0000000000000000', 'missing'],
  ])('judges %s', (_, status, verdict) => {
    expect(judgeCapabilities(status).verdict).toBe(verdict);
  });

  it('names the capability that is missing, what it is for, and how to give it', () => {
    const { found, remedy } = judgeCapabilities('CapEff:\t0000004001080000');
    expect(found).toBe('without CAP_BPF (to load programs and maps)');
    expect(remedy).toContain('AmbientCapabilities=CAP_BPF');
  });

  it('finds an old Node.js', () => {
    expect([judgeNode('v22.0.0').verdict, judgeNode('v24.1.0').verdict]).toEqual(['missing', 'good']);
  });

  it('cannot do without a ring buffer, but without fentry', () => {
    expect(
      judgeFeatures(kernel({ ringbuf: true, fentry: false, kprobe: null })).map(({ verdict, found }) => [
        verdict,
        found,
      ]),
    ).toEqual([
      ['good', 'ringbuf'],
      ['limited', 'without fentry'],
      ['limited', 'could not tell kprobe'],
    ]);
    expect(judgeFeatures(kernel({ ringbuf: false })).at(-1)?.verdict).toBe('missing');
  });

  it('tells who builds probes what to install', async () => {
    const { found, remedy } = await judgeTools('/nowhere');
    expect(found).toBe('without clang, llvm-strip, bpftool');
    expect(remedy).toContain('apt-get install');
  });
});
