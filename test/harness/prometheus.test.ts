// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { promtoolCheck, startPrometheus } from './prometheus.ts';

test('a real Prometheus scrapes a server and answers queries', async () => {
  const server = createServer((_, response) => response.end('# TYPE seen_total counter\nseen_total{x="1"} 7\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await using prometheus = await startPrometheus(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await prometheus.target()).toMatchObject({ health: 'up', lastError: '' });
    const [result] = await prometheus.query('seen_total');
    expect(result?.metric.x).toBe('1');
    expect(result?.value[1]).toBe('7');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('promtool accepts a good text and says what is wrong with a bad one', async () => {
  expect(await promtoolCheck('# HELP a_total Help.\n# TYPE a_total counter\na_total 1\n')).toBe('');
  expect(await promtoolCheck('# TYPE a_total counter\na_total 1\n')).toContain('no help text');
});
