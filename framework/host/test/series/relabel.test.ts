// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { labelPicker } from '../../src/series/labels.ts';
import { relabelling } from '../../src/series/relabel.ts';
import { compileRelabelling } from '../../src/series/relabel-steps.ts';
import type { RelabelStep } from '../../src/series/types.ts';

const identity = new Map<string, string | number>([
  ['process.executable.name', 'nginx'],
  ['k8s.namespace.name', 'shop'],
  ['k8s.pod.name', 'web-1'],
]);

/** The labels of a row with the attribute `dir`, or undefined if it is left out. */
function labelled(steps: RelabelStep[], constants: Record<string, string> = {}): Record<string, string | number> | undefined {
  const base = labelPicker({ identity: ['process.executable.name', 'k8s.namespace.name'] }, ['dir']);
  const picker = relabelling(base, compileRelabelling(constants, steps), ['dir'], { probe: 'tcp', entity: 'tcp.link' });
  picker.pick(identity, ['in']);
  const { names, values } = picker.labels();
  const shown = names.map((name, i) => [name, values[i]!] as const).filter(([, value]) => value !== '');
  return picker.isDropped ? undefined : Object.fromEntries(shown);
}

const plain = { 'process.executable.name': 'nginx', 'k8s.namespace.name': 'shop', dir: 'in' };

test('`drop` leaves out what matches as a whole, `keep` what does not', () => {
  expect(labelled([{ action: 'drop', from: ['k8s.namespace.name'], regex: 'shop' }])).toBeUndefined();
  expect(labelled([{ action: 'drop', from: ['k8s.namespace.name'], regex: 'sho' }])).toEqual(plain);
  expect(labelled([{ action: 'keep', from: ['k8s.namespace.name'], regex: 'shop|bank' }])).toEqual(plain);
  expect(labelled([{ action: 'keep', from: ['k8s.namespace.name'], regex: 'bank' }])).toBeUndefined();
});

test('rules read attributes that are no labels, several at once, the series\' own, and what it is', () => {
  expect(labelled([{ action: 'drop', from: ['k8s.pod.name', 'dir'], regex: 'web-\\d+;in' }])).toBeUndefined();
  expect(labelled([{ action: 'drop', from: ['sonde.probe', 'sonde.metric.entity'], regex: 'tcp;tcp\\.link' }])).toBeUndefined();
  expect(labelled([{ action: 'drop', from: ['no.such'], regex: '' }]), 'absent is empty').toBeUndefined();
});

test('`replace` writes a label of any name, over one that there is, and takes it away with an empty value', () => {
  const to = 'workload';
  expect(labelled([{ action: 'replace', from: ['k8s.pod.name'], regex: '(.*)-\\d+', to }])).toEqual({ ...plain, workload: 'web' });
  expect(labelled([{ action: 'replace', from: ['dir'], regex: 'in', to: 'dir', value: 'inbound' }])).toEqual({ ...plain, dir: 'inbound' });
  const { dir: _, ...without } = plain;
  expect(labelled([{ action: 'replace', from: ['dir'], to: 'dir', value: '' }])).toEqual(without);
  expect(labelled([{ action: 'replace', from: ['k8s.pod.name'], regex: 'no', to }])).toEqual(plain);
});

test('rules go one after the other, over labels of one\'s own too', () => {
  const steps: RelabelStep[] = [
    { action: 'replace', from: ['team', 'dir'], regex: '(.*);(.*)', to: 'team', value: '$2-$1' },
    { action: 'keep', from: ['team'], regex: 'in-pay\\$1' },
  ];
  expect(labelled(steps, { team: 'pay$1' })).toEqual({ ...plain, team: 'in-pay$1' });
});
