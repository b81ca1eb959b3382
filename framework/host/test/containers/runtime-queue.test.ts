// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerClient } from '../../src/containers/docker-client.ts';
import { RuntimeQueue } from '../../src/containers/runtime-queue.ts';
import type { ContainerFacts } from '../../src/containers/types.ts';

let folder: string;
let socket: string;
let server: Server;
let queue: RuntimeQueue;
let found: ContainerFacts[];
let unknown: string[];
let renamed: string[];
let requests: string[];
/** Answers to those who follow events; they never end. */
let followed: ServerResponse[];
let known: string[];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, 'http://localhost');
  if (url.pathname === '/v1.40/events') {
    expect(url.searchParams.get('filters')).toBe('{"type":["container"],"event":["rename"]}');
    response.flushHeaders();
    followed.push(response);
    return;
  }
  requests.push(url.pathname);
  if (url.pathname === '/version') return void response.end(JSON.stringify({ Version: '4.3.1', Components: [{ Name: 'Podman Engine' }] }));
  const { id } = JSON.parse(url.searchParams.get('filters')!) as { id: string[] };
  const list = known.filter((each) => id.includes(each)).map((each) => ({ Id: each, Names: [`/name-of-${each}`], Image: 'a:1', Labels: null }));
  response.end(JSON.stringify(list));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sonde-docker-'));
  socket = join(folder, 'docker.sock');
  server = createServer(answer);
  [found, unknown, renamed, requests, followed, known] = [[], [], [], [], [], []];
  queue = new RuntimeQueue(new DockerClient('docker', socket), (facts) => found.push(facts), (id) => unknown.push(id), (id) => renamed.push(id));
});

afterEach(() => {
  queue.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 300 && !what(); i++) await sleep(10);
  expect(what()).toBe(true);
}

test('containers that begin together are asked for together, and the runtime says who it is', async () => {
  known = ['a', 'b', 'c'];
  server.listen(socket);
  for (const id of known) queue.want(id);
  await until(() => found.length === 3);
  expect(found[0]).toMatchObject({ id: 'a', name: 'name-of-a', image: { name: 'a', tag: '1' }, runtime: { name: 'podman', version: '4.3.1' } });
  expect(requests).toEqual(['/version', '/v1.40/containers/json']);
  expect(queue.state()).toMatchObject({ answers: true, requests: { answered: 1, absent: 0, timeout: 0, error: 0 } });
});

test('once a runtime has answered, it tells of containers that get another name', async () => {
  known = ['a'];
  server.listen(socket);
  queue.want('a');
  await until(() => followed.length === 1);
  followed[0]!.write('{"id":"a","Action":"rename","Actor":{"ID":"a"}}\n{"Action":"rename",');
  await until(() => renamed.length === 1);
  followed[0]!.write('"Actor":{"ID":"b"}}\n');
  await until(() => renamed.length === 2);
  expect(renamed).toEqual(['a', 'b']);
});

test('a runtime that is not there is asked once it is', async () => {
  known = ['a'];
  queue.want('a');
  await until(() => queue.state().requests.absent > 1);
  expect(queue.state().answers).toBe(false);
  server.listen(socket);
  await until(() => found.length === 1);
});

test('what is no runtime counts as an error, and nothing is thrown', async () => {
  writeFileSync(socket, '');
  queue.want('a');
  await until(() => queue.state().requests.error > 0);
});

test('a container that the runtime does not know yet is asked for again', async () => {
  server.listen(socket);
  queue.want('a');
  await until(() => unknown.length > 0);
  known = ['a'];
  await until(() => found.length === 1);
  const { answered } = queue.state().requests;
  await sleep(500);
  expect(queue.state().requests.answered, 'and no more').toBe(answered);
});
