// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { familyName, labelName } from '../../../src/sinks/prometheus/names.ts';

test.each([
  ['tcp.sent', 'By', 'counter', 'tcp_sent_bytes', 'bytes'],
  ['tcp.rtt', 's', 'histogram', 'tcp_rtt_seconds', 'seconds'],
  ['process.cpu.utilization', '1', 'gauge', 'process_cpu_utilization_ratio', 'ratio'],
  ['jvm.retries', '1', 'counter', 'jvm_retries', ''],
  ['http.server.active_requests', '{request}', 'updowncounter', 'http_server_active_requests', ''],
  ['sonde.program.runs', '{run}/s', 'gauge', 'sonde_program_runs_per_second', 'per_second'],
  ['disk.rate', 'By/s', 'gauge', 'disk_rate_bytes_per_second', 'bytes_per_second'],
  ['wait.seconds', 's', 'gauge', 'wait_seconds', 'seconds'],
  ['bytes.sent', 'By', 'counter', 'bytes_sent', ''],
  ['http.requests.total', '', 'counter', 'http_requests', ''],
  ['a..b--c', '', 'gauge', 'a_b_c', ''],
  ['2xx', '', 'gauge', '_2xx', ''],
  ['queue.fill', '%', 'gauge', 'queue_fill_percent', 'percent'],
  ['odd', 'foo.bar', 'gauge', 'odd_foo_bar', 'foo_bar'],
] as const)('%s in %s (%s) is %s', (name, unit, type, expected, suffix) => {
  expect(familyName(name, unit, type)).toEqual({ name: expected, unit: suffix });
});

test.each([
  ['process.executable.name', 'process_executable_name'],
  ['9lives', 'key_9lives'],
  ['le', 'exported_le'],
  ['__name__', '_name_'],
])('attribute %s is label %s', (attribute, expected) => {
  expect(labelName(attribute)).toBe(expected);
});
