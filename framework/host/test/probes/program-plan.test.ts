// SPDX-License-Identifier: Apache-2.0
import type { Manifest } from '@sonde/kit';
import { expect, test } from 'vitest';
import { ProgramPlan } from '../../src/probes/program-plan.ts';

const manifest: Manifest = {
  apiVersion: 'sonde/v1',
  name: 'sample',
  description: 'Two collectors that share a program',
  collectors: {
    link: {
      programs: {
        bytes: { any: [{ program: 'on_send_tp' }, { program: 'on_send_fentry', attach: 'fentry/sock_sendmsg' }] },
        resets: { program: 'on_reset', optional: true },
      },
    },
    service: { programs: { bytes: { program: 'on_send_tp' } } },
  },
};

test('a plan begins with the first alternative of each task', () => {
  expect(new ProgramPlan(manifest).programs).toEqual(new Set(['on_send_tp', 'on_reset']));
});

test('a refused program is passed over in every task that chose it', () => {
  const plan = new ProgramPlan(manifest);
  expect(plan.refuseProgram('on_send_tp', 'unsupported', 'EINVAL')).toBe(true);
  const [bytes, , shared] = plan.tasks;
  expect(bytes?.choice?.program).toBe('on_send_fentry');
  expect(shared?.choice).toBeUndefined();
  expect(shared?.refusals).toEqual([{ program: 'on_send_tp', attach: '', code: 'unsupported', reason: 'EINVAL' }]);
});

test('a program that nobody chose changes nothing', () => {
  const plan = new ProgramPlan(manifest);
  expect(plan.refuseProgram('other', 'missing', '')).toBe(false);
  expect(plan.programs.size).toBe(2);
});

test('a task whose last alternative is refused has none', () => {
  const plan = new ProgramPlan(manifest);
  const [bytes] = plan.tasks;
  plan.refuse(bytes!, 'missing', 'no such hook');
  plan.refuse(bytes!, 'refused', 'EPERM');
  plan.refuse(bytes!, 'refused', 'EPERM');
  expect(bytes?.choice).toBeUndefined();
  expect(bytes?.refusals.map(({ attach }) => attach)).toEqual(['', 'fentry/sock_sendmsg']);
});

test('what only another object of the probe has is no alternative, and what it alone does is no task', () => {
  const plan = new ProgramPlan(manifest);
  plan.sections = new Map([['on_send_fentry', 'fentry/sock_sendmsg']]);
  expect(plan.tasks.map(({ collector, name, choice }) => [collector, name, choice?.program])).toEqual([
    ['link', 'bytes', 'on_send_fentry'],
  ]);
  expect(plan.lacking).toBe(0);
  plan.refuseProgram('on_send_fentry', 'refused', 'EPERM');
  plan.sections = new Map([['on_send_fentry', 'fentry/sock_sendmsg']]);
  expect(plan.lacking).toBe(1);
});

test('what the first object has a program for and another has not is missing there', () => {
  const plan = new ProgramPlan(manifest, '/plain.bpf.o', false);
  plan.sections = new Map([['on_reset', 'tp_btf/tcp_send_reset']]);
  expect(plan.programs).toEqual(new Set(['on_reset']));
  expect(plan.lacking).toBe(2);
  expect(plan.tasks[0]?.refusals.map(({ reason }) => reason)).toEqual(['/plain.bpf.o has no such program']);
});
