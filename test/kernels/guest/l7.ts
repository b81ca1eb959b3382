// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../harness/child.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';
import { startPython } from '../../l7/servers.ts';
import type { Check, Guest } from './checks.ts';

const server = 'db_server_operation_duration_seconds_count';
const client = 'db_client_operation_duration_seconds_count';
const ways = ['read/write', 'readv/writev', 'preadv2/pwritev2', 'recv/send', 'recvfrom/sendto', 'recvmsg/sendmsg', 'recvmmsg/sendmmsg', 'peek'];

export const l7Checks: readonly Check[] = [
  {
    probe: 'l7',
    title: 'l7: 2,000 commands, pipelined by sixteen on a connection to Redis older than the probe, count to the unit',
    async run({ host, redis, older }) {
      for (let batch = 0; batch < 125; batch++) {
        await older.pipeline(Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? `INCR n${i}` : `SET k${i} ${batch}`)));
      }
      const labels = { server_port: String(redis.port) };
      const scrape = await host.scrapeUntil('2,000 commands', (seen) => seen.sum(server, labels) >= 2_000);
      for (const family of [server, client]) {
        assert.equal(scrape.sum(family, { ...labels, db_operation_name: 'INCR' }), 1_000);
        assert.equal(scrape.sum(family, { ...labels, db_operation_name: 'SET' }), 1_000);
      }
    },
  },
  {
    probe: 'l7',
    title: 'l7: curl and a server in Python: requests by method, status and route',
    async run({ host }) {
      await using python = await startPython();
      const url = `http://127.0.0.1:${python.port}/users/`;
      await run('curl', ['-s', '-o', '/dev/null', ...Array.from({ length: 20 }, (_, i) => ['-o', '/dev/null', url + i]).flat()]);
      const labels = { server_port: String(python.port), http_request_method: 'GET', http_response_status_code: '200' };
      const family = 'http_server_request_duration_seconds_count';
      const scrape = await host.scrapeUntil('20 requests', (seen) => seen.sum(family, labels) >= 20);
      assert.equal(scrape.sum(family, { ...labels, http_route: '/users/{id}' }), 20);
      const asked = scrape.sum('http_client_request_duration_seconds_count', { ...labels, url_template: '/users/{id}' });
      assert.equal(asked, 20);
    },
  },
  ...['tcp', 'unix'].map((transport): Check => ({
    probe: 'l7',
    title: `l7: each way to read and write a ${transport} socket counts to the unit, on both sides`,
    async run({ host, workloads }: Guest) {
      const COUNT = 30;
      using folder = temporaryFolder();
      const labels = ways.map((way) => ({ process_executable_name: `${transport}-${way.replaceAll(/\W/g, '')}` }));
      for (const [i, { process_executable_name: name }] of labels.entries()) {
        copyFileSync(workloads['l7-calls'], join(folder.path, name));
        await run(join(folder.path, name), [transport, ways[i]!, `${COUNT}`]);
      }
      const scrape = await host.scrapeUntil('the commands', (seen) => seen.sum(client, labels.at(-1)) >= COUNT);
      const counted = labels.map((each, i) => [ways[i], scrape.sum(server, each), scrape.sum(client, each)]);
      assert.deepEqual(counted, ways.map((way) => [way, COUNT, COUNT]));
    },
  })),
];
