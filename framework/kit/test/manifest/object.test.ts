// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '@sonde/native';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  checkManifest,
  paramBytes,
  paramTarget,
  parseManifest,
  sourceLayout,
  type SondeError,
} from '../../src/index.ts';
import { openBuilt } from '../opened-object.ts';
import { goodManifest, withChange } from './problems-of.ts';

let object: BpfObject;
beforeAll(async () => {
  object = await openBuilt(path.join(import.meta.dirname, 'fixtures/sample.bpf.c'));
});
afterAll(() => object.close());

const check = (text: string): SondeError[] => checkManifest(parseManifest(text, 'probe.yaml'), [object]);

test('a manifest that fits its object has no problems', () => {
  expect(check(goodManifest)).toEqual([]);
});

test('of several objects one must have a program, and each what the records are of', () => {
  const source = parseManifest(withChange('program: on_tp', 'program: on_other'), 'probe.yaml');
  const { programs, btf, globals } = object;
  const other = { programs: [{ ...programs[0]!, name: 'on_other', section: 'tp_btf/call' }], btf, globals, maps: object.maps };
  expect(checkManifest(source, [object]).map(({ code }) => code)).toEqual(['SONDE_MANIFEST_PROGRAM']);
  expect(checkManifest(source, [object, other])).toEqual([]);
  const problems = checkManifest(source, [object, { ...other, maps: [] }]);
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['SONDE_LAYOUT_MAP']));
});

test.each([
  [
    'a program that is not there',
    'program: on_tp',
    'program: on_pt',
    'SONDE_MANIFEST_PROGRAM',
    '/collectors/calls/programs/enter/any/1/program',
    "the object has no program 'on_pt'",
    /^Did you mean 'on_tp'\? Its programs are /,
  ],
  [
    'a program compiled for another hook',
    'attach: tp_btf/call',
    'attach: raw_tp/call',
    'SONDE_MANIFEST_ATTACH',
    '/collectors/calls/programs/enter/any/1/attach',
    '\'raw_tp/call\' is no place to attach to: on_tp is compiled for SEC("tp_btf/sched_process_exec")',
    undefined,
  ],
  [
    'a program whose hook nobody names',
    ", attach: 'uprobe/${library}:malloc+0x10'",
    '',
    'SONDE_MANIFEST_ATTACH',
    '/collectors/calls/programs/library',
    "'uprobe' is no place to attach to: SEC(\"uprobe\") of on_library does not say where, so 'attach' must",
    undefined,
  ],
  [
    'a map that is not there',
    'map: calls',
    'map: call',
    'SONDE_LAYOUT_MAP',
    '/entities/sample.call/source/map',
    "the object has no map 'call'",
    /^Did you mean 'calls'\?/,
  ],
  [
    'a map to keep that is not there',
    'params:',
    'keep: [calls, socket]\nparams:',
    'SONDE_LAYOUT_MAP',
    '/keep/1',
    "the object has no map 'socket'",
    /^There are .*'calls'/,
  ],
  [
    'a ring that is a hash',
    'ring: events',
    'ring: calls',
    'SONDE_LAYOUT_MAP_TYPE',
    '/events/sample.slow/source/ring',
    "'calls' is a hash, not a ring",
    "It must be 'ringbuf'.",
  ],
  [
    'a ring that is not there',
    'ring: events',
    'ring: event',
    'SONDE_LAYOUT_MAP',
    '/events/sample.slow/source/ring',
    "the object has no ring 'event'",
    "Did you mean 'events'? There are 'events'.",
  ],
  [
    'a map that drops entries in silence',
    'map: calls',
    'map: recent',
    'SONDE_LAYOUT_MAP_TYPE',
    '/entities/sample.call/source/map',
    "'recent' is a lru_hash, not a map that holds entities",
    "It must be 'hash', 'percpu_hash', 'array' or 'percpu_array'.",
  ],
  [
    'a struct that is not there',
    'struct: slow_call',
    'struct: slow_calls',
    'SONDE_LAYOUT_STRUCT',
    '/events/sample.slow/source/ring',
    "the type information of the object has no struct 'slow_calls'",
    /^Did you mean 'slow_call'\? A struct that only/,
  ],
  [
    'a record without its header',
    "struct: slow_call, kind: 1 }\n    severity: warn\n    when: report\n    body: 'slow {sample.kind}'\n    attributes: { sample.kind: kind }",
    'struct: headless }\n    severity: warn',
    'SONDE_MANIFEST_SOURCE',
    '/events/sample.slow/source/struct',
    "event 'sample.slow': struct headless does not begin with struct sonde_event",
    /^Make `struct sonde_event` its first member/,
  ],
  [
    'a field that is not there',
    'value: count',
    'value: cuont',
    'SONDE_LAYOUT_FIELD',
    '/entities/sample.call/metrics/sample.calls/value',
    "struct call has no field 'cuont'",
    /^Did you mean 'count'\? Its fields are 'opener', 'count', /,
  ],
  [
    'a field of the key that is not there',
    'from: key.kind',
    'from: key.knid',
    'SONDE_LAYOUT_FIELD',
    '/entities/sample.call/attributes/sample.kind/from',
    "struct call_key has no field 'knid'",
    /^Did you mean 'kind'\?/,
  ],
  [
    'an attribute that is a struct',
    'sample.port: key.port',
    'sample.port: opener',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/attributes/sample.port',
    "'opener' is struct sonde_process, but an attribute is a single value",
    undefined,
  ],
  [
    'an attribute that is a pointer',
    'sample.port: key.port',
    'sample.port: pointer',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/attributes/sample.port',
    "'pointer' is void *, but an attribute is a single value",
    undefined,
  ],
  [
    'names for what is text',
    'from: key.kind',
    'from: comm',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/attributes/sample.kind/from',
    "'comm' is sonde_comm_t, but only numbers can be given names",
    undefined,
  ],
  [
    'a counter that is part of the key',
    'value: count',
    'value: key.kind',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/metrics/sample.calls/value',
    "'key.kind' is u32, but the value of a metric is no part of the key",
    undefined,
  ],
  [
    'a counter that is an array',
    'value: count',
    'value: per_kind',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/metrics/sample.calls/value',
    "'per_kind' is u64[4], but a counter needs an integer",
    undefined,
  ],
  [
    'a counter that is a bit field',
    'value: count',
    'value: flag',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/metrics/sample.calls/value',
    "'flag' is u32, but a counter needs an integer",
    undefined,
  ],
  [
    'a counter that is a histogram',
    'value: count',
    'value: duration',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/metrics/sample.calls/value',
    "'duration' is sonde_histogram_t, but a counter needs a number: say 'type: histogram'",
    undefined,
  ],
  [
    'a histogram that is a number',
    'value: duration',
    'value: count',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/metrics/sample.duration/value',
    "'count' is u64, but a histogram of a map needs a sonde_histogram_t or sonde_size_histogram_t",
    undefined,
  ],
  [
    'a histogram with another range',
    'value: duration',
    'value: duration, range: { from: -10, to: 4 }',
    'SONDE_MANIFEST_METRIC',
    '/entities/sample.call/metrics/sample.duration/range',
    "metric 'sample.duration': its range is { from: -10, to: 4 }, but that of sonde_histogram_t is { from: -20, to: 6 }",
    "Remove 'range'.",
  ],
  [
    'a histogram with another unit',
    'unit: s,',
    'unit: ms,',
    'SONDE_MANIFEST_METRIC',
    '/entities/sample.call/metrics/sample.duration/unit',
    "metric 'sample.duration': its unit is ms, but sonde_histogram_t is in seconds",
    "Say 'unit: s'.",
  ],
  [
    'an owner that is no process',
    'process: key.process',
    'process: key.port',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/process',
    "'key.port' is sonde_port_t, but the owner is a struct sonde_process",
    undefined,
  ],
  [
    'several processes and none named',
    '    process: key.process\n',
    '',
    'SONDE_MANIFEST_SOURCE',
    '/entities/sample.call/source',
    "entity 'sample.call': it names several processes: key.process, value.opener",
    "Say which with 'process'.",
  ],
  [
    'an end that equals a number, in the key',
    'process: key.process',
    'process: key.process\n    ended: { from: key.kind, equals: 0 }',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/ended/from',
    "'key.kind' is u32, but 'ended' is an integer in the value of a map",
    undefined,
  ],
  [
    'a time to run what is no iterator',
    'programs:\n      enter:',
    'programs:\n      enter:\n        run: snapshot',
    'SONDE_MANIFEST_TASK',
    '/collectors/calls/programs/enter/run',
    "task 'enter': only an iterator is run; on_fentry is compiled for SEC(\"fentry/do_call\")",
    undefined,
  ],
  [
    'a switch of a collector that is not there',
    'calls:\n    programs:',
    'calls:\n    live: settings.calls\n    programs:',
    'SONDE_LAYOUT_FIELD',
    '/collectors/calls/live',
    "struct settings has no field 'calls'",
    /^Its fields are/,
  ],
  [
    'a prefix of names that nothing gives',
    'values: { 0: read, 1: write }',
    'values: { 0: read, 1: write }, prefix: CALL_',
    'SONDE_MANIFEST_ATTRIBUTE',
    '/entities/sample.call/attributes/sample.kind',
    "attribute 'sample.kind': 'prefix' belongs to 'enum'",
    "Remove 'prefix'.",
  ],
  [
    'an end that is in the key',
    'process: key.process',
    'process: key.process\n    ended: key.kind',
    'SONDE_MANIFEST_FIELD',
    '/entities/sample.call/ended',
    "'key.kind' is u32, but 'ended' is an integer in the value of a map",
    undefined,
  ],
  [
    'a global that is not there',
    'live: settings.slow_ns',
    'live: setings.slow_ns',
    'SONDE_LAYOUT_GLOBAL',
    '/params/slow/live',
    "the object has no global variable 'setings'",
    "Did you mean 'settings'? There are 'settings' and 'depth'.",
  ],
  [
    'a field of a global that is not there',
    'live: settings.slow_ns',
    'live: settings.slwo_ns',
    'SONDE_LAYOUT_FIELD',
    '/params/slow/live',
    "struct settings has no field 'slwo_ns'",
    /^Did you mean 'slow_ns'\?/,
  ],
  [
    'a live param that is constant',
    'live: settings.report',
    'live: depth',
    'SONDE_MANIFEST_PARAM',
    '/params/report/live',
    "param 'report': depth is constant once loaded: say 'load', or make it 'volatile' without 'const'",
    undefined,
  ],
  [
    'a param that does not fit its field',
    'live: settings.slow_ns',
    'live: settings.narrow',
    'SONDE_LAYOUT_TYPE',
    '/params/slow/live',
    'u16 cannot hold 1000000',
    undefined,
  ],
  [
    'a number that its scale makes too large for its field',
    'type: duration, default: 1ms, minimum: 0s, maximum: 1h, description: What is slow, live: settings.slow_ns',
    'type: number, scale: 65536, default: 1.5, description: What is slow, live: settings.narrow',
    'SONDE_LAYOUT_TYPE',
    '/params/slow/live',
    'u16 cannot hold 98304',
    undefined,
  ],
  [
    'the size of a map that is not there',
    'load: attach',
    'load: map.cals.max_entries',
    'SONDE_LAYOUT_MAP',
    '/params/library/load',
    "the object has no map 'cals'",
    /^Did you mean 'calls'\?/,
  ],
])('%s is refused at its place', (_, from, to, code, pointer, message, hint) => {
  const findings = check(from.startsWith('load: attach') ? withoutLibrary(from, to) : withChange(from, to));
  expect(
    findings.map((finding) => ({ code: finding.code, pointer: finding.place?.pointer, message: finding.message })),
  ).toEqual([{ code, pointer, message }]);
  if (hint instanceof RegExp) expect(findings[0]?.hint).toMatch(hint);
  else expect(findings[0]?.hint).toBe(hint);
  expect(findings[0]?.place?.line).toBeGreaterThan(1);
});

/** The hook no longer holds the param, which now sets something else. */
function withoutLibrary(from: string, to: string): string {
  return withChange(from, to).replace('${library}', 'libc.so.6');
}

test('everything is told at once', () => {
  const text = withChange('value: count', 'value: cuont')
    .replace('program: on_tp', 'program: on_pt')
    .replace('map: calls', 'map: calls');
  expect(check(text).map(({ code }) => code)).toEqual(['SONDE_MANIFEST_PROGRAM', 'SONDE_LAYOUT_FIELD']);
});

test('a path means the value of a map unless it begins with key', () => {
  const layout = sourceLayout(object, { map: 'calls' });
  expect(layout.resolve('count')).toMatchObject({ from: 'value', offset: 16 });
  expect(layout.resolve('value.count')).toMatchObject({ from: 'value', offset: 16 });
  expect(layout.resolve('key.port')).toMatchObject({ from: 'key', offset: 20 });
  expect(layout.resolve('key')).toMatchObject({ from: 'key', offset: 0, kind: 'struct' });
  expect(layout.processes).toEqual(['key.process', 'value.opener']);
  expect(sourceLayout(object, { ring: 'events', struct: 'slow_call' }).resolve('duration')).toMatchObject({
    from: 'record',
    offset: 32,
  });
});

test('a param knows what it sets, and the bytes for it', () => {
  const param = { description: 'x', type: 'enum', values: ['a', 'b'], default: 'a', load: 'depth' } as const;
  const target = paramTarget(object, { ...param, values: [...param.values] });
  expect(target).toMatchObject({ kind: 'global', global: { name: 'depth' }, field: { offset: 0, size: 4 } });
  if (target.kind === 'global')
    expect([...paramBytes({ ...param, values: ['a', 'b'] }, target.field, 'b')]).toEqual([1, 0, 0, 0]);
  expect(
    paramTarget(object, { description: 'x', type: 'integer', default: 1, load: 'map.calls.max_entries' }),
  ).toMatchObject({
    kind: 'map',
    map: { name: 'calls' },
  });
  expect(paramTarget(object, { description: 'x', type: 'string', default: '', load: 'attach' })).toEqual({
    kind: 'attach',
  });
});
