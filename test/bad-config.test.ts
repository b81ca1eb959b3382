// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { hostFolder, startHost } from './harness/host.ts';
import type { TestConfig } from './harness/host.ts';
import { fixturePackage, sondeCommand } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';

const probes = { values: { package: fixturePackage('values') } };

/** Runs `sonde run` with a configuration that must be refused, and resolves with its exit code and all it says. */
async function refused(config: TestConfig | string): Promise<{ code: number | string; output: string }> {
  using folder = await hostFolder(typeof config === 'string' ? {} : config);
  if (typeof config === 'string') writeFileSync(folder.config, config);
  await using host = new Child(process.execPath, [sondeCommand, 'run', '--config', folder.config]);
  const code = await host.exited;
  return { code, output: host.stdout + host.stderr };
}

test.each([
  ['an unknown key', 'apiVersion: sonde/v1\nprobs: {}\n', /sonde\.yaml:2:1\b.*probs.*SONDE_INPUT_UNKNOWN_KEY/s, /probes/],
  ['a value of the wrong type', 'apiVersion: sonde/v1\nprobes: []\n', /sonde\.yaml:2:\d+\b.*SONDE_INPUT_TYPE/s, /mapping/],
  ['a value out of its range', 'apiVersion: sonde/v1\ninterval: soon\n', /sonde\.yaml:2:11\b.*SONDE_INPUT_VALUE/s, /10s/],
  ['text that is no YAML', 'apiVersion: [\n', /sonde\.yaml:\d+:\d+.*SONDE_INPUT_SYNTAX/s, /bracket/],
  ['an address beyond loopback without TLS', 'apiVersion: sonde/v1\nsinks: { prometheus: { listen: "0.0.0.0:9464" } }\n', /SONDE_LISTEN_NEEDS_TLS/, /tls/],
])('%s in sonde.yaml is refused with code, place and hint', async (_, text, said, hint) => {
  const { code, output } = await refused(text);
  expect(output).toMatch(said);
  expect(output).toMatch(hint);
  expect(code).toBe(3);
});

test('a bad file never replaces a good one, and a good one is taken without a restart', async () => {
  await using host = await startHost({ probes });
  writeFileSync(host.folder.config, 'apiVersion: sonde/v1\nprobs: {}\n');
  process.kill(host.pid, 'SIGHUP');
  await waitFor('the host says what is wrong', () => host.output.includes('SONDE_INPUT_UNKNOWN_KEY'));
  expect(await host.probe('values')).toMatchObject({ state: 'running' });

  host.folder.write({ probes: { values: { ...probes.values, params: { reportFrom: 42 } } } });
  process.kill(host.pid, 'SIGHUP');
  await waitFor('the new value', async () => (await host.probe('values')).desired.params.reportFrom === 42);
  expect((await host.probe('values')).origins['/params/reportFrom']).toBe('file');
});

test('a change of the file is seen without a signal', async () => {
  await using host = await startHost({ probes });
  host.folder.write({ probes: { values: { ...probes.values, collectors: { keyed: true } } } });
  const attached = async () => (await host.probe('values')).programs.find(({ collector }) => collector === 'keyed')?.state;
  await waitFor('the collector runs', async () => (await attached()) === 'attached');
});

test('a param that the probe does not have is refused by REST, and what runs keeps running', async () => {
  await using host = await startHost({ probes });
  const answer = await host.rest.put('/v1/probes/values', { params: { reportFrm: 1 } });
  expect(answer).toMatchObject({ status: 422, type: 'application/problem+json', body: { code: 'SONDE_PARAM_UNKNOWN' } });
  expect(JSON.stringify(answer.body)).toContain('reportFrom');
  expect(await host.rest.put('/v1/probes/values', { parms: {} })).toMatchObject({
    status: 422,
    body: { code: 'SONDE_INPUT_UNKNOWN_KEY' },
  });
  expect(await host.rest.put('/v1/probes/values', { enabled: 'yes' })).toMatchObject({ status: 422, body: { code: 'SONDE_INPUT_TYPE' } });
  expect(await host.rest.put('/v1/probes/values', '{')).toMatchObject({ status: 400, body: { code: 'SONDE_INPUT_SYNTAX' } });
  expect(await host.rest.get('/v1/probes/value')).toMatchObject({ status: 404, body: { code: 'SONDE_PROBE_UNKNOWN' } });
  expect(await host.probe('values')).toMatchObject({ state: 'running', desired: { enabled: true } });
});
