// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { errorsOf, goodManifest, problemsOf, textAtProblems, withChange } from './problems-of.ts';

test('the sample has no problems', () => {
  expect(problemsOf(goodManifest)).toEqual([]);
});

test.each([
  [
    'a param without live and load',
    ', live: settings.slow_ns',
    '',
    'slow:',
    "/params/slow: param 'slow': exactly one of 'live' and 'load' must be given [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a default of another type',
    'default: 1ms',
    'default: soon',
    'soon',
    "/params/slow/default: param 'slow': default cannot be soon: it must be a duration such as 1ms or 5s [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a default out of range',
    'default: 1ms',
    'default: 2h',
    '2h',
    "/params/slow/default: param 'slow': default cannot be 2h: it must be at most 1h [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a bound of another type',
    'minimum: 0s',
    'minimum: none',
    'none',
    "/params/slow/minimum: param 'slow': minimum cannot be none: it must be a duration such as 1ms or 5s [SONDE_MANIFEST_PARAM]",
  ],
  [
    'bounds of a boolean',
    'default: false',
    'default: false, minimum: 0',
    '0',
    "/params/report/minimum: param 'report': the type boolean has no minimum [SONDE_MANIFEST_PARAM]",
  ],
  [
    'values of what is no enum',
    'type: boolean',
    'type: boolean, values: [a]',
    'report:',
    "/params/report: param 'report': 'values' belongs to the type enum, and only to it [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a scale of what is no number',
    'type: boolean',
    'type: boolean, scale: 2',
    '2',
    "/params/report/scale: param 'report': 'scale' belongs to the type number [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a live param that only a load can set',
    'live: settings.report',
    'live: map.calls.max_entries',
    'map.calls.max_entries',
    "/params/report/live: param 'report': only 'load' can name this [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a live param that restarts the decoder',
    'live: settings.report',
    'live: decoder',
    'decoder',
    "/params/report/live: param 'report': only 'load' can name this [SONDE_MANIFEST_PARAM]",
  ],
  [
    'a task without a program',
    'program: on_library, ',
    '',
    'library:',
    "/collectors/calls/programs/library: task 'library': exactly one of 'program' and 'any' must be given [SONDE_MANIFEST_TASK]",
  ],
  [
    'a place for all alternatives',
    '        any:',
    '        attach: tp_btf/call\n        any:',
    'enter:',
    "/collectors/calls/programs/enter: task 'enter': with 'any', 'attach' and 'pid' belong to the alternatives [SONDE_MANIFEST_TASK]",
  ],
  [
    'an unknown type of hook',
    'attach: tp_btf/call',
    'attach: tpbtf/call',
    'tpbtf/call',
    "/collectors/calls/programs/enter/any/1/attach: 'tpbtf/call' is no place to attach to: it must begin with the type of a hook and a slash [SONDE_MANIFEST_ATTACH]",
  ],
  [
    'a hook of a wrong form',
    'attach: tp_btf/call',
    'attach: tracepoint/call',
    'tracepoint/call',
    "/collectors/calls/programs/enter/any/1/attach: 'tracepoint/call' is no place to attach to: it must be tracepoint/<category>/<name> [SONDE_MANIFEST_ATTACH]",
  ],
  [
    'a pid for what has none',
    'attach: tp_btf/call',
    'attach: tp_btf/call, pid: 1',
    'tp_btf/call',
    "/collectors/calls/programs/enter/any/1/attach: 'tp_btf/call' is no place to attach to: only uprobe, uretprobe and usdt have a 'pid' [SONDE_MANIFEST_ATTACH]",
  ],
  [
    'a param in a hook that has none',
    'attach: tp_btf/call',
    "attach: 'tp_btf/${library}'",
    "'tp_btf/${library}'",
    "/collectors/calls/programs/enter/any/1/attach: 'tp_btf/${library}' is no place to attach to: params may stand only in 'uprobe', 'uretprobe', 'usdt' and 'perf_event' [SONDE_MANIFEST_ATTACH]",
  ],
  [
    'a param in a hook that is not declared',
    '${library}',
    '${libary}',
    "'uprobe/${libary}:malloc+0x10'",
    "/collectors/calls/programs/library/attach: there is no param with 'load: attach' 'libary' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'an unknown collector',
    'collector: calls',
    'collector: call',
    'call',
    "/entities/sample.call/metrics/sample.calls/collector: there is no collector 'call' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'an unknown collector of a span',
    'kind: server\n    collector: calls',
    'kind: server\n    collector: cals',
    'cals',
    "/spans/sample.operation/collector: there is no collector 'cals' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'a condition that is no boolean param',
    'when: report',
    'when: slow',
    'slow',
    "/events/sample.slow/when: there is no boolean param 'slow' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'an attribute that the event lacks',
    'slow {sample.kind}',
    'slow {sample.knid}',
    "'slow {sample.knid}'",
    "/events/sample.slow/body: there is no attribute of this event 'sample.knid' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'a gauge without fold',
    ', fold: max',
    '',
    'sample.size:',
    "/entities/sample.call/metrics/sample.size: metric 'sample.size': a gauge must say how it folds [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a counter with fold',
    'value: count',
    'value: count, fold: sum',
    'sum',
    "/entities/sample.call/metrics/sample.calls/fold: metric 'sample.calls': a counter always adds up [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a counter with a range',
    'value: count',
    'value: count, range: { from: 0, to: 1 }',
    'range:',
    "/entities/sample.call/metrics/sample.calls/range: metric 'sample.calls': a counter has no range [SONDE_MANIFEST_METRIC]",
  ],
  [
    'an empty range',
    'value: duration',
    'value: duration, range: { from: 1, to: 1 }',
    'range:',
    "/entities/sample.call/metrics/sample.duration/range: metric 'sample.duration': the range's 'from' must be less than its 'to' [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a metric without a value',
    'value: count, ',
    '',
    'sample.calls:',
    "/entities/sample.call/metrics/sample.calls: metric 'sample.calls': 'value' is missing [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a value that the decoder gives',
    'help: Lines',
    'help: Lines, value: lines',
    'lines',
    "/entities/sample.decoded/metrics/sample.lines/value: metric 'sample.lines': its value comes from outside of the manifest [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a fixed number for entries of a map',
    'value: count',
    'value: 1',
    '1',
    "/entities/sample.call/metrics/sample.calls/value: metric 'sample.calls': only records of a ring can count a fixed number [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a metric with two units',
    'sample.reads: { type: counter',
    'sample.calls: { type: counter',
    "'{read}'",
    "/entities/sample.disk/metrics/sample.calls/unit: metric 'sample.calls': its unit is {read} here and {call} in another entity [SONDE_MANIFEST_METRIC]",
  ],
  [
    'a table without columns',
    ', columns: [major, minor, name, reads]',
    '',
    'source:',
    "/entities/sample.disk/source: entity 'sample.disk': a table needs columns [SONDE_MANIFEST_SOURCE]",
  ],
  [
    'columns of what is no table',
    'format: table',
    'format: lines',
    'source:',
    "/entities/sample.disk/source: entity 'sample.disk': the format lines has no columns and skips no lines [SONDE_MANIFEST_SOURCE]",
  ],
])('%s is refused at its place', (_, from, to, at, expected) => {
  const text = withChange(from, to);
  expect(problemsOf(text)).toEqual([expected]);
  expect(textAtProblems(text)).toEqual([at]);
});

test('a probe without an object can only read procfs', () => {
  expect(
    errorsOf(withChange('object: dist/sample.bpf.o\n', '')).map(({ code, place }) => [code, place?.pointer]),
  ).toEqual([
    ['SONDE_MANIFEST_SOURCE', '/entities/sample.call/source'],
    ['SONDE_MANIFEST_SOURCE', '/events/sample.slow/source'],
  ]);
});

test('what a decoder emits needs one', () => {
  expect(problemsOf(withChange('decoder: dist/decoder.js\n', ''))).toEqual([
    "/entities/sample.decoded/source: entity 'sample.decoded': there is no decoder [SONDE_MANIFEST_SOURCE]",
    "/spans/sample.operation/source: span 'sample.operation': there is no decoder [SONDE_MANIFEST_SOURCE]",
  ]);
});
