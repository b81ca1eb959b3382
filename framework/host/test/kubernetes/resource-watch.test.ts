// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ResourceWatch } from '../../src/kubernetes/resource-watch.ts';

interface Item {
  metadata: { uid: string; name: string; resourceVersion: string };
}

const item = (name: string, resourceVersion: string): Item => ({ metadata: { uid: name, name, resourceVersion } });

/** A server of one collection: what it answers is in the hands of the test. */
let server: Server;
let client: ApiClient;
let watch: ResourceWatch<Item>;
let lists: URLSearchParams[];
let watches: { query: URLSearchParams; response: ServerResponse }[];
let listed: (query: URLSearchParams) => object;
let heard: string[];

beforeEach(async () => {
  [lists, watches, heard] = [[], [], []];
  listed = () => ({ metadata: { resourceVersion: '10' }, items: [item('a', '5')] });
  server = createServer((request, response) => {
    const query = new URL(request.url!, 'http://localhost').searchParams;
    if (query.has('watch')) {
      watches.push({ query, response });
      response.flushHeaders();
      return;
    }
    lists.push(query);
    response.end(JSON.stringify(listed(query)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new ApiClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  watch = new ResourceWatch<Item>(client, '/api/v1/pods?fieldSelector=spec.nodeName%3Dn', {
    all: (items) => heard.push(`all ${items.map(({ metadata }) => metadata.name).join()}`),
    changed: ({ metadata }) => heard.push(`changed ${metadata.name}`),
    deleted: ({ metadata }) => heard.push(`deleted ${metadata.name}`),
  });
});

afterEach(() => {
  watch.close();
  client.close();
  server.closeAllConnections();
  server.close();
});

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !what(); i++) await sleep(10);
  expect(what()).toBe(true);
}

function send(index: number, type: string, object: object): void {
  watches[index]!.response.write(`${JSON.stringify({ type, object })}\n`);
}

test('it lists once, then hears of each change, from the place of the list on', async () => {
  watch.start();
  await until(() => watches.length === 1);
  expect(heard).toEqual(['all a']);
  expect(Object.fromEntries(watches[0]!.query)).toMatchObject({ fieldSelector: 'spec.nodeName=n', resourceVersion: '10', allowWatchBookmarks: 'true' });
  send(0, 'ADDED', item('b', '11'));
  send(0, 'MODIFIED', item('a', '12'));
  send(0, 'DELETED', item('b', '13'));
  await until(() => heard.length === 4);
  expect(heard).toEqual(['all a', 'changed b', 'changed a', 'deleted b']);
  expect(watch).toMatchObject({ answers: true, failures: 0 });
});

test('a watch that ends goes on at the last bookmark, without another list', async () => {
  watch.start();
  await until(() => watches.length === 1);
  send(0, 'BOOKMARK', item('', '99'));
  await sleep(50);
  watches[0]!.response.end();
  await until(() => watches.length === 2);
  expect(watches[1]!.query.get('resourceVersion')).toBe('99');
  expect(lists).toHaveLength(1);
});

test('a place that the server has forgotten costs another list', async () => {
  watch.start();
  await until(() => watches.length === 1);
  listed = () => ({ metadata: { resourceVersion: '200' }, items: [item('c', '150')] });
  send(0, 'ERROR', { code: 410, message: 'too old resource version' });
  await until(() => watches.length === 2);
  expect(heard).toEqual(['all a', 'all c']);
  expect(watches[1]!.query.get('resourceVersion')).toBe('200');
  expect(watch.failures).toBe(0);
});

test('a connection that breaks is a failure, and is made anew', async () => {
  watch.start();
  await until(() => watches.length === 1);
  watches[0]!.response.destroy();
  await until(() => watches.length === 2);
  expect(lists).toHaveLength(1);
  expect(watch.failures).toBe(1);
});

test('a long list comes in pages', async () => {
  listed = (query) =>
    query.get('continue') === 'more'
      ? { metadata: { resourceVersion: '10' }, items: [item('b', '6')] }
      : { metadata: { resourceVersion: '10', continue: 'more' }, items: [item('a', '5')] };
  watch.start();
  await until(() => heard.length === 1);
  expect(heard).toEqual(['all a,b']);
});
