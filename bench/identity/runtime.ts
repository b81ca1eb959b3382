// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';

const version = { Version: '27.0.1', Components: [{ Name: 'Engine' }] };

/**
 * Answers Docker's published API for containers that are cgroups and nothing else: a thousand real ones would take this
 * machine minutes and 10 GB of shims, and say the same of themselves.
 */
export async function serveRuntime(socket: string, ids: readonly string[]): Promise<Disposable> {
  const containers = ids.map(describe);
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as { id?: string[] };
    const asked = new Set(filters.id ?? ids);
    const list = () => containers.filter(({ Id }) => asked.has(Id));
    response.end(JSON.stringify(url.pathname === '/version' ? version : list()));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function describe(id: string, i: number) {
  const [project, service] = [`shop-${i % 20}`, `service-${i % 100}`];
  return {
    Id: id,
    Names: [`/${project}-${service}-${i}`],
    Image: `registry.example.com/team/${service}:1.${i % 9}`,
    ImageID: `sha256:${String(i % 100).padStart(64, '0')}`,
    Command: `/usr/local/bin/${service} --config /etc/${service}.yaml`,
    Created: 1_700_000_000 + i,
    State: 'running',
    Status: 'Up 3 hours',
    Ports: [],
    Labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': String(i),
      'com.docker.compose.config-hash': id.slice(0, 40),
      'org.opencontainers.image.source': `https://git.example.com/team/${service}`,
      'org.opencontainers.image.version': `1.${i % 9}`,
      team: `team-${i % 7}`,
    },
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}
