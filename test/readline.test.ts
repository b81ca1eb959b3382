// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { samplePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';
import type { Workload } from './harness/workload.ts';

/** A first instruction that uprobes emulate: `push %rbp`. */
const flags = ['-fno-omit-frame-pointer', '-fcf-protection=none'];

/** Compiles the workload, and says where in the file the function lies. */
async function lines(): Promise<Workload & { offset: string }> {
  const workload = await compile('packages/readline/workload/lines.c', { flags });
  const [, address = ''] = /^([0-9a-f]+) T read_line$/m.exec(await run('nm', [workload.path])) ?? [];
  return { ...workload, offset: `0x${BigInt(`0x${address}`).toString(16)}` };
}

function readline(params: Record<string, unknown>, collectors: Record<string, boolean> = {}): Record<string, unknown> {
  return { readline: { package: samplePackage('readline'), params, collectors } };
}

test('calls of a function are counted by symbol and by offset alike, in every process', async () => {
  const { path, offset, label } = await lines();
  await using host = await startHost({ probes: readline({ binary: path, function: 'read_line', offset }, { offset: true }) });
  expect(await host.probe('readline')).toMatchObject({ state: 'running' });
  await Promise.all([run(path, ['100', '1000']), run(path, ['50', '0'])]);
  const scrape = await host.scrapeUntil('150 calls each', (seen) => seen.sum('readline_calls_total', label) >= 300);
  expect(scrape.value('readline_calls_total', { ...label, readline_place: 'symbol' })).toBe(150);
  expect(scrape.value('readline_calls_total', { ...label, readline_place: 'offset' })).toBe(150);
  const { count, sum } = scrape.histogram('readline_duration_seconds', label);
  expect(count).toBe(150);
  expect(sum).toBeGreaterThan(0.1);
  expect(sum).toBeLessThan(2);
});

test('with a pid the probe sits in one process only', async () => {
  const { path } = await lines();
  const pace = ['1000000', '1000'];
  await using one = new Child(path, pace);
  await using two = new Child(path, pace);
  await using host = await startHost({
    labels: ['process.pid'],
    probes: readline({ binary: path, function: 'read_line', pid: two.pid }),
  });
  const scrape = await host.scrapeUntil('calls', (seen) => seen.sum('readline_calls_total', { process_pid: String(two.pid) }) > 50);
  expect(scrape.sum('readline_calls_total', { process_pid: String(one.pid) })).toBe(0);
  await one.stop('SIGKILL');
  await two.stop('SIGKILL');
});

test('a symbol that the program lacks is named, with the nearest that it has', async () => {
  const { path } = await lines();
  await using host = await startHost({ probes: readline({ binary: path, function: 'reed_line' }) });
  const { state, error, programs } = await host.probe('readline');
  const said = JSON.stringify([error, programs]);
  expect(state).toBe('failed');
  expect(said).toContain('reed_line');
});
