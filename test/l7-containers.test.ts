// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Docker } from './harness/containers/docker.ts';
import { makeImage } from './harness/containers/image.ts';
import type { Exposition } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';

const REQUESTS = 20;

const folder = temporaryFolder();
let docker: Docker;
beforeAll(async () => {
  const image = join(folder.path, 'image.tar');
  await makeImage(image);
  docker = await Docker.start(image);
});
afterAll(async () => {
  await docker?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('a request between two containers has both sides, each under the name of its container', async () => {
  await using host = await startHost({
    containers: { runtimes: [{ type: 'docker', socket: docker.socket }] },
    labels: ['process.executable.name', 'container.name'],
    probes: { l7: { package: builtInPackage('l7'), targets: { include: [{ containerName: ['l7-web', 'l7-user'] }] } } },
  });
  await docker.run({ name: 'l7-web', command: ['busybox', 'httpd', '-f', '-p', '127.0.0.1:8080', '-h', '/bin'] });
  const ask = `i=0; while [ $i -lt ${REQUESTS} ]; do busybox wget -q -O /dev/null http://127.0.0.1:8080/true && i=$((i+1)); done; sleep 600`;
  await docker.run({ name: 'l7-user', network: 'container:l7-web', command: ['sh', '-c', `sleep 2; ${ask}`] });
  const count = (seen: Exposition, side: string, labels = {}): number =>
    seen.sum(`http_${side}_request_duration_seconds_count`, { server_port: '8080', http_response_status_code: '200', ...labels });
  const scrape = await host.scrapeUntil(
    'the requests',
    (seen) => count(seen, 'server', { container_name: 'l7-web' }) >= REQUESTS && count(seen, 'client', { container_name: 'l7-user' }) >= REQUESTS,
    30_000,
  );
  expect([count(scrape, 'server'), count(scrape, 'client')]).toEqual([REQUESTS, REQUESTS]);
  expect(count(scrape, 'server', { container_name: 'l7-web' })).toBe(REQUESTS);
  expect(count(scrape, 'client', { container_name: 'l7-user' })).toBe(REQUESTS);
  await docker.remove('l7-user', 'l7-web');
});
