// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { assertDecoderAllowed } from '../../src/decoders/allow.ts';

const allow = ['@sonde/probe-*', 'acme-probe', '/opt/probes/*', '/srv/one'];

test.each([
  ['@sonde/probe-tcp', '/usr/lib/node_modules/@sonde/probe-tcp'],
  ['acme-probe', '/anywhere'],
  ['stranger', '/opt/probes/stranger'],
  ['stranger', '/srv/one'],
])('%s in %s may run', (name, directory) => {
  expect(() => assertDecoderAllowed(name, directory, allow)).not.toThrow();
});

test.each([
  ['@sonde/probe-tcp/evil', '/tmp'],
  ['acme-probe-2', '/tmp'],
  ['stranger', '/opt/probes/../stranger'],
  ['stranger', '/opt/probes/deep/stranger'],
  ['/opt/probes/x', '/tmp'],
])('%s in %s may not', (name, directory) => {
  expect(() => assertDecoderAllowed(name, directory, allow)).toThrow(
    expect.objectContaining({ code: 'SONDE_DECODER_NOT_ALLOWED' }),
  );
});
