// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { attachParams, fillAttach, parseAttach } from '../../src/index.ts';

test.each([
  ['tracepoint/sched/sched_switch', { kind: 'tracepoint', category: 'sched', name: 'sched_switch' }],
  ['raw_tp/sys_enter', { kind: 'raw_tracepoint', name: 'sys_enter' }],
  ['kprobe/tcp_sendmsg', { kind: 'kprobe', function: 'tcp_sendmsg' }],
  ['kprobe/tcp_sendmsg+0x8', { kind: 'kprobe', function: 'tcp_sendmsg', offset: 8 }],
  ['kretprobe/tcp_sendmsg.isra.0', { kind: 'kprobe', function: 'tcp_sendmsg.isra.0', retprobe: true }],
  ['uprobe//usr/bin/bash:readline', { kind: 'uprobe', binary: '/usr/bin/bash', symbol: 'readline' }],
  ['uprobe/libc.so.6:malloc+16', { kind: 'uprobe', binary: 'libc.so.6', symbol: 'malloc', offset: 16 }],
  ['uprobe//a:b/c:0x1f0', { kind: 'uprobe', binary: '/a:b/c', offset: 0x1f0 }],
  ['uprobe//bin/x:+0x1f0', { kind: 'uprobe', binary: '/bin/x', offset: 0x1f0 }],
  ['uretprobe//bin/x:_ZN1aEv', { kind: 'uprobe', binary: '/bin/x', symbol: '_ZN1aEv', retprobe: true }],
  [
    'usdt//usr/lib/libjvm.so:hotspot:gc__begin',
    { kind: 'usdt', binary: '/usr/lib/libjvm.so', provider: 'hotspot', name: 'gc__begin' },
  ],
  ['perf_event/software:cpu-clock@99Hz', { kind: 'perf_event', type: 1, config: 0, frequency: 99 }],
  ['perf_event/hardware:cache-misses@10Hz', { kind: 'perf_event', type: 0, config: 3, frequency: 10 }],
])('%s', (text, spec) => {
  expect(parseAttach(text)).toEqual({ type: text.split('/')[0], spec });
});

test.each(['tp_btf/sched_switch', 'fentry/vfs_read', 'fexit/vfs_read'])('%s names its target', (text) => {
  const [type, target] = text.split('/');
  expect(parseAttach(text)).toEqual({ type, target, spec: { kind: 'auto' } });
});

test.each([
  ['iter/task', 'task', {}],
  ['iter/bpf_map_elem:owners', 'bpf_map_elem', { map: 'owners' }],
])('%s is run, not attached', (text, target, iterator) => {
  expect(parseAttach(text)).toEqual({ type: 'iter', target, iterator, spec: { kind: 'auto' } });
});

test('a pid narrows uprobes and USDT to one process', () => {
  expect(parseAttach('uprobe//bin/x:main', 12)).toMatchObject({ spec: { pid: 12 } });
  expect(parseAttach('usdt//bin/x:p:n', 12)).toMatchObject({ spec: { pid: 12 } });
});

test.each([
  'tracepoint/sched',
  'raw_tp/',
  'tp_btf/a b',
  'kretprobe/f+8',
  'uprobe//bin/x',
  'uprobe//bin/x:',
  'usdt//bin/x:p',
  'perf_event/software:cpu-clock',
  'perf_event/software:nothing@9Hz',
  'perf_event/software:cpu-clock@0Hz',
  'nothing/x',
  'tp_btf',
])('%s is no place to attach to', (text) => {
  expect(parseAttach(text)).toHaveProperty('rule');
});

test('params stand for their values', () => {
  expect(attachParams('uprobe/${library}:${symbol}')).toEqual(['library', 'symbol']);
  expect(fillAttach('uprobe/${library}:${symbol}', { library: 'libc.so.6' })).toBe('uprobe/libc.so.6:${symbol}');
});
