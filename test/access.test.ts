// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { hostFolder, startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { sondeCommand } from './harness/paths.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host[Symbol.asyncDispose]());

test('over TCP the token opens the API, and nothing else does', async () => {
  expect(await host.tcp.get('/v1/version')).toMatchObject({ status: 200, body: { name: 'sonde' } });
  expect(await host.tcpWith({}).get('/v1/version')).toMatchObject({ status: 401, body: { code: 'SONDE_TOKEN_MISSING' } });
  const wrong = host.tcpWith({ authorization: `Bearer ${host.token.slice(1)}x` });
  expect(await wrong.get('/v1/version')).toMatchObject({ status: 401, body: { code: 'SONDE_TOKEN_WRONG', hint: expect.any(String) } });
  expect(await host.rest.get('/v1/version')).toMatchObject({ status: 200 });
});

test('the token and the socket are out of reach for ordinary users', () => {
  expect(statSync(host.folder.tokenFile).mode & 0o777).toBe(0o600);
  expect(statSync(host.folder.socket).mode & 0o777).toBe(0o660);
});

test('a foreign Host header is refused', async () => {
  const headers = { host: 'evil.example', authorization: `Bearer ${host.token}` };
  expect(await host.tcpWith(headers).get('/v1/version')).toMatchObject({ status: 421, body: { code: 'SONDE_HOST_FOREIGN' } });
});

test('a body of another type is refused', async () => {
  const answer = await host.tcp.send('PUT', '/v1/probes/x', '{}', { 'content-type': 'text/plain' });
  expect(answer).toMatchObject({ status: 415, body: { code: 'SONDE_BODY_TYPE' } });
});

/** What a second host says that is started in this folder. */
async function second(config: string): Promise<{ code: number | string; output: string }> {
  await using child = new Child(process.execPath, [sondeCommand, 'run', '--config', config]);
  const code = await child.exited;
  return { code, output: child.stdout + child.stderr };
}

test('a second host on the same socket is refused, and the first goes on', async () => {
  const { code, output } = await second(host.folder.config);
  expect(output).toMatch(/SONDE_(SOCKET|PORT)_IN_USE/);
  expect(code).toBe(4);
  expect(await host.rest.get('/readyz')).toMatchObject({ status: 200 });
});

test('a port that is in use is named', async () => {
  using folder = await hostFolder();
  const server = createServer();
  server.listen(folder.metricsPort, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { code, output } = await second(folder.config);
    expect(output).toContain('SONDE_PORT_IN_USE');
    expect(output).toContain(String(folder.metricsPort));
    expect(code).toBe(4);
  } finally {
    server.close();
  }
});

test('without privileges the host says what it lacks', async () => {
  using folder = await hostFolder();
  const command = [process.execPath, sondeCommand, 'run', '--config', folder.config];
  await using child = new Child('setpriv', ['--bounding-set=-all', '--inh-caps=-all', '--', ...command]);
  const code = await child.exited;
  const output = child.stdout + child.stderr;
  expect(output).toContain('SONDE_NO_PRIVILEGES');
  expect(output).toMatch(/root|CAP_BPF/);
  expect(code).toBe(4);
});
