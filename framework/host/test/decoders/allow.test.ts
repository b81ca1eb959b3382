// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { assertDecoderAllowed } from '../../src/decoders/allow.ts';

const allow = ['@acme/probe-*', 'acme-probe', '/opt/probes/*', '/srv/one'];

test.each([
  ['@acme/probe-tcp', '/usr/lib/node_modules/@acme/probe-tcp'],
  ['acme-probe', '/anywhere'],
  ['stranger', '/opt/probes/stranger'],
  [undefined, '/srv/one'],
])('%s in %s may run', (npmName, directory) => {
  expect(() => assertDecoderAllowed({ ...(npmName && { npmName }), directory }, allow)).not.toThrow();
});

test.each([
  ['@acme/probe-tcp/evil', '/tmp'],
  ['acme-probe-2', '/tmp'],
  ['stranger', '/opt/stranger'],
  ['stranger', '/opt/probes/deep/stranger'],
  ['/opt/probes/x', '/tmp'],
  [undefined, '/tmp/@acme/probe-tcp'],
])('%s in %s may not', (npmName, directory) => {
  expect(() => assertDecoderAllowed({ ...(npmName && { npmName }), directory }, allow)).toThrow(
    expect.objectContaining({ code: 'SONDE_DECODER_NOT_ALLOWED' }),
  );
});
