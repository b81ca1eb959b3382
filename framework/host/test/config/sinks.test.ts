// SPDX-License-Identifier: Apache-2.0
import { SondeError } from '@sonde/kit';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';

function parse(config: object) {
  return parseConfig(JSON.stringify({ apiVersion: 'sonde/v1', ...config }), '/etc/sonde/sonde.yaml').config;
}

/** Where each problem is, and what it says. */
function problemsOf(config: object): string[] {
  try {
    parse(config);
  } catch (thrown) {
    if (!(thrown instanceof SondeError)) throw thrown;
    return (thrown.problems.length > 0 ? thrown.problems : [thrown]).map(
      ({ place, message }) => `${place?.pointer} ${message}`,
    );
  }
  return [];
}

test('an OTLP sink needs no setting', () => {
  expect(parse({ sinks: { otlp: {} } }).sinks['otlp']).toEqual({
    type: 'otlp',
    endpoint: 'http://127.0.0.1:4318',
    protocol: 'http',
    headers: {},
    compression: 'gzip',
    temporality: 'cumulative',
    interval: 10_000,
    timeout: 10_000,
    queue: { records: 200_000, bytes: 67_108_864 },
  });
});

test('settings of a sink beside the defaults of the others, files from the folder of sonde.yaml', () => {
  const sinks = {
    cloud: {
      type: 'otlp',
      endpoint: 'https://otlp.example.com',
      interval: '1m',
      queue: { records: 10 },
      tls: { ca: 'ca.pem' },
    },
  };
  expect(parse({ sinks }).sinks['cloud']).toMatchObject({
    interval: 60_000,
    queue: { records: 10, bytes: 67_108_864 },
    tls: { ca: '/etc/sonde/ca.pem' },
  });
});

test('what the schema cannot see is said with its place', () => {
  expect(problemsOf({ sinks: { otlp: { interval: '1ms', tls: {} } } })).toEqual([
    expect.stringMatching(/^\/sinks\/otlp\/interval .*at least 100ms/),
    expect.stringMatching(/^\/sinks\/otlp\/tls .*https:/),
  ]);
  expect(problemsOf({ sinks: { otlp: { endpoint: '127.0.0.1:4317' } } })).toEqual([
    expect.stringMatching(/^\/sinks\/otlp\/endpoint /),
  ]);
  expect(problemsOf({ sinks: { otlp: { endpoint: 'https://x', tls: { cert: 'a' } } } })).toEqual([
    expect.stringMatching(/^\/sinks\/otlp\/tls/),
  ]);
});

test('a route to no sink, or with a glob that is none, is an error', () => {
  const routes = [{ sinks: ['log', 'kafak'], metrics: ['tcp.*', '[a'] }];
  expect(problemsOf({ sinks: { log: {} }, routes })).toEqual([
    expect.stringMatching(/^\/routes\/0\/sinks\/1 .*'kafak'.*log/),
    expect.stringMatching(/^\/routes\/0\/metrics\/1 .*no end/),
  ]);
});
