// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { chooseEncoding, chooseFormat } from '../../../src/sinks/prometheus/negotiate.ts';

const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'text'],
  ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5', 'text'],
  ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
  ['application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5', 'text'],
  [`${PROTOBUF};q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1`, 'protobuf'],
  ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', 'text'],
  [`${PROTOBUF};q=0`, 'text'],
  ['application/json', 'text'],
] as const)('Accept %s gets %s', (accept, format) => {
  expect(chooseFormat(accept)).toBe(format);
});

test.each([
  [undefined, 'identity'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip;q=1.0, zstd;q=0.5', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['identity, gzip;q=0.5', 'identity'],
  ['*', 'zstd'],
  ['br', 'identity'],
] as const)('Accept-Encoding %s gets %s', (accept, encoding) => {
  expect(chooseEncoding(accept)).toBe(encoding);
});
