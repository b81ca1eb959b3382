// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { fixturePackage, repository, samplePackage, sondeCommand } from './harness/paths.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
});
afterAll(() => host[Symbol.asyncDispose]());

/** Runs `sonde` without a host in mind, and resolves with its exit code and what it says. */
async function sonde(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  await using child = new Child(process.execPath, [sondeCommand, ...args]);
  return { code: await child.exited, stdout: child.stdout, stderr: child.stderr };
}

test('ps shows a table for people and JSON for programs', async () => {
  expect(await host.sonde('ps')).toMatch(/values\s+.*running/);
  const { probes } = JSON.parse(await host.sonde('ps', '--json')) as { probes: { name: string; state: string }[] };
  expect(probes).toMatchObject([{ name: 'values', state: 'running' }]);
});

test('set changes a running probe, show says where the value came from, unset takes it back', async () => {
  await host.sonde('set', 'values', 'params.reportFrom=42');
  expect(await host.probe('values')).toMatchObject({ desired: { params: { reportFrom: 42 } }, origins: { '/params/reportFrom': 'overlay' } });
  expect(await host.sonde('show', 'values')).toMatch(/reportFrom.*42/);
  await host.sonde('unset', 'values', 'params.reportFrom');
  expect(await host.probe('values')).toMatchObject({ desired: { params: { reportFrom: 0 } } });
});

test('stop and start do what they say, and a restart of the host keeps it', async () => {
  await host.sonde('stop', 'values');
  expect(await host.probe('values')).toMatchObject({ state: 'stopped', origins: { '/enabled': 'overlay' } });
  await host.stop();
  await host.restart();
  expect(await host.probe('values')).toMatchObject({ state: 'stopped' });
  await host.sonde('start', 'values');
  expect(await host.probe('values')).toMatchObject({ state: 'running' });
});

test('metrics prints a scrape', async () => {
  expect(await host.sonde('metrics', '--url', `http://127.0.0.1:${host.folder.metricsPort}/metrics`)).toContain('# TYPE sonde_loss_total counter');
});

test('check accepts the configuration and the packages of the repository', async () => {
  expect(await sonde('check', join(repository, 'configs/sonde.yaml'))).toMatchObject({ code: 0 });
  for (const name of ['fsync', 'execs', 'readline']) {
    expect(await sonde('check', samplePackage(name)), name).toMatchObject({ code: 0 });
  }
});

test('doctor finds nothing that this machine lacks', async () => {
  const { code, stdout } = await sonde('doctor', '--json');
  expect(code).toBe(0);
  expect(() => JSON.parse(stdout) as unknown).not.toThrow();
});

test('without a host the commands say so, and with a wrong name which there are', async () => {
  const unreachable = await sonde('ps', '--socket', '/nowhere/sonde.sock');
  expect(unreachable.code).toBe(5);
  expect(unreachable.stderr).toContain('SONDE_HOST_UNREACHABLE');
  const unknown = await sonde('stat');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/start|set/);
});
