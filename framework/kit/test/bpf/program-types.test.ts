// SPDX-License-Identifier: Apache-2.0
import { openObject, type BpfObject } from '@sonde/native';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFixture, type Fixture } from './build-fixture.ts';

let fixture: Fixture;
let object: BpfObject;
beforeAll(async () => {
  fixture = await buildFixture('program-types.bpf.c');
  object = await openObject(fixture.object);
});
afterAll(async () => {
  await object.close();
  await fixture.remove();
});

test('The verifier accepts every helper in every type of program', async () => {
  expect(object.programs.map(({ type }) => type).sort()).toEqual(
    ['kprobe', 'kprobe', 'perf_event', 'raw_tracepoint', 'tracepoint', 'tracing', 'tracing'].sort(),
  );
  await object.load();
  expect(object.programStats()).toHaveLength(7);
});

test('What no map refers to is in the BTF of the object once it is exported', () => {
  const names = object.btf.types.map((type) => ('name' in type ? type.name : ''));
  expect(names).toEqual(expect.arrayContaining(['record', 'sonde_event', 'sonde_loss_cause', 'sonde_custom_loss']));
});
