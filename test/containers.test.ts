// SPDX-License-Identifier: Apache-2.0
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Containerd } from './harness/containers/containerd.ts';
import { Docker } from './harness/containers/docker.ts';
import { imageName, makeImage } from './harness/containers/image.ts';
import { Podman } from './harness/containers/podman.ts';
import type { Exposition } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';
import { compile, type Workload } from './harness/workload.ts';

const folder = temporaryFolder();
const values = { package: fixturePackage('values') };
let docker: Docker;
let podman: Podman;
let containerd: Containerd;
let client: Workload;

beforeAll(async () => {
  client = await compile('workloads/values.c', { name: 'values-client', flags: ['-static'] });
  const image = join(folder.path, 'image.tar');
  await makeImage(image, [client.path]);
  [docker, podman, containerd] = await Promise.all([Docker.start(image), Podman.start(image), Containerd.start(image)]);
});

afterAll(async () => {
  await Promise.allSettled([docker, podman, containerd].map((each) => each?.[Symbol.asyncDispose]()));
  folder[Symbol.dispose]();
});

/** Runtimes to ask: those of this test. */
function runtimes() {
  return { runtimes: [docker, podman, containerd].map(({ kind, socket }) => ({ type: kind, socket })) };
}

/** Runs so many clients one after the other; each lives for about 5 ms and makes three calls that the probe counts. */
function clients(count: number): string[] {
  return ['sh', '-c', `i=0; while [ $i -lt ${count} ]; do /bin/${client.name} 3 1; i=$((i+1)); done; sleep 600`];
}

const env = { PAUSE_US: '1500' };

describe('containers', () => {
  test('of Docker, Podman and containerd have id, name, image and runtime, and the labels that were asked for', async () => {
    await using host = await startHost({
      containers: runtimes(),
      labels: [
        'container.id',
        'container.name',
        'container.image.name',
        'container.image.tags',
        'container.image.id',
        'container.runtime.name',
        'container.label.team',
        'k8s.pod.name',
        'k8s.namespace.name',
        'k8s.container.name',
        'service.name',
      ],
      probes: { values },
    });
    const command = [`/bin/${client.name}`, 'until', '1'];
    const ids = await Promise.all([
      docker.run({ name: 'by-docker', labels: { team: 'one' }, command, env }),
      podman.run({ name: 'by-podman', labels: { team: 'two' }, command, env }),
      containerd.run({ name: 'web-0', namespace: 'shop', uid: 'aaaa1111-0000-4000-8000-000000000001', container: 'app', command, env }),
    ]);
    const [byDocker, byPodman, byContainerd] = [ids[0], ids[1], ids[2].container];
    const resolved = (seen: Exposition, id: string) =>
      seen.select('values_calls_total', { container_id: id }).find(({ labels }) => labels.container_runtime_name);
    const scrape = await host.scrapeUntil('all three count', (seen) =>
      [byDocker, byPodman, byContainerd].every((id) => resolved(seen, id)),
    );
    const labelsOf = (id: string) => resolved(scrape, id)?.labels;
    const image = { container_image_name: 'localhost/sonde-test', container_image_tags: '1' };
    expect(labelsOf(byDocker)).toMatchObject({ ...image, container_name: 'by-docker', container_label_team: 'one', container_runtime_name: 'docker' });
    expect(labelsOf(byPodman)).toMatchObject({ ...image, container_name: 'by-podman', container_label_team: 'two', container_runtime_name: 'podman' });
    expect(labelsOf(byContainerd)).toMatchObject({
      ...image,
      container_name: 'app',
      container_runtime_name: 'containerd',
      k8s_pod_name: 'web-0',
      k8s_namespace_name: 'shop',
      k8s_container_name: 'app',
      service_name: 'web-0',
    });
    for (const id of [byDocker, byPodman, byContainerd]) expect(labelsOf(id)?.container_image_id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(imageName).toContain('localhost/sonde-test');
    await Promise.all([docker.remove('by-docker'), podman.remove('by-podman'), containerd.remove(ids[2])]);
  });

  test('that `ctr` or nerdctl made in containerd have the id that their user chose, a name and an image, each in its namespace', async () => {
    const command = [`/bin/${client.name}`, 'until', '1'];
    const environment = ['--env', 'PAUSE_US=1500'];
    const generated = 'ab12'.repeat(16);
    await containerd.runPlain('default', 'early', command, ...environment);
    await using host = await startHost({
      containers: { runtimes: [{ type: 'containerd', socket: containerd.socket }] },
      labels: ['container.id', 'container.name', 'container.image.name', 'container.runtime.name', 'container.label.team', 'service.name'],
      probes: { values },
    });
    const names = (seen: Exposition) => seen.select('values_calls_total').map(({ labels }) => `${labels.container_id} ${labels.container_name}`);
    await host.scrapeUntil('the one that was there before', (seen) => names(seen).includes('early early'));
    await containerd.runPlain('other', 'early', command, ...environment, '--label', 'team=two');
    await containerd.runPlain('k8s.io', 'by-hand', command, ...environment);
    await containerd.runPlain('default', generated, command, ...environment, '--label', 'nerdctl/name=shop');
    const all = ['by-hand by-hand', `${generated} shop`];
    const scrape = await host.scrapeUntil('those that came later', (seen) =>
      all.every((each) => names(seen).includes(each)) && names(seen).filter((each) => each === 'early early').length === 2,
    );
    const early = scrape.select('values_calls_total', { container_id: 'early' }).map(({ labels }) => labels);
    expect(early.map(({ container_label_team: team }) => team ?? '').sort()).toEqual(['', 'two']);
    for (const labels of early) {
      expect(labels).toMatchObject({ container_image_name: 'localhost/sonde-test', container_runtime_name: 'containerd', service_name: 'early' });
    }
    const shop = () => names(scrape).filter((each) => each.startsWith(generated));
    expect(shop()).toEqual([`${generated} shop`]);
    await containerd.ctr('-n', 'default', 'containers', 'label', generated, 'nerdctl/name=renamed');
    await host.scrapeUntil('its other name', (seen) => names(seen).includes(`${generated} renamed`));
    expect(scrape.sum('sonde_container_runtime_up_ratio', { runtime: 'containerd' })).toBe(1);
    await host.rest.put('/v1/probes/values', { targets: { include: [{ containerName: ['by-hand'] }] } });
    const report = (await host.rest.get('/v1/probes/values/targets')).body as { processes: { watched: boolean; container?: string }[] };
    expect(report.processes.filter(({ watched }) => watched).map(({ container }) => container)).toEqual(['by-hand']);
    await containerd.removePlain();
  });

  test('that get another name go on under it, as a new series from then on', async () => {
    await using host = await startHost({ containers: runtimes(), labels: ['container.id', 'container.name'], probes: { values } });
    const command = [`/bin/${client.name}`, 'until', '1'];
    for (const runtime of [docker, podman]) {
      const id = await runtime.run({ name: 'first-name', command, env });
      const of = (name: string) => ({ container_id: id, container_name: name });
      await host.scrapeUntil(`its name in ${runtime.kind}`, (seen) => seen.sum('values_calls_total', of('first-name')) > 0);
      await runtime.command('rename', 'first-name', 'second-name');
      await host.scrapeUntil(`its new name in ${runtime.kind}`, (seen) => seen.sum('values_calls_total', of('second-name')) > 0);
      const before = await host.scrape();
      const after = await host.scrapeUntil('only that grows', (seen) => seen.sum('values_calls_total', of('second-name')) > before.sum('values_calls_total', of('second-name')));
      expect(after.sum('values_calls_total', of('first-name'))).toBe(before.sum('values_calls_total', of('first-name')));
      await runtime.remove('second-name');
    }
  });

  test('two thousand clients of 5 ms in four containers are each counted under their container', async () => {
    const labels = ['process.executable.name', 'container.id', 'container.name'];
    await using host = await startHost({ containers: runtimes(), labels, probes: { values: { ...values, params: { maxProcesses: 8192 } } } });
    const pod = { name: 'clients', uid: 'aaaa1111-0000-4000-8000-000000000002', container: 'four', command: clients(500), env };
    const [one, two, three, four] = await Promise.all([
      docker.run({ name: 'one', command: clients(500), env }),
      docker.run({ name: 'two', command: clients(500), env }),
      podman.run({ name: 'three', command: clients(500), env }),
      containerd.run(pod),
    ]);
    const ids = [one, two, three, four.container];
    const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_calls_total', client.label) >= 6000, 120_000);
    expect(ids.map((id) => scrape.sum('values_calls_total', { ...client.label, container_id: id }))).toEqual([1500, 1500, 1500, 1500]);
    expect(scrape.sum('values_calls_total', client.label)).toBe(6000);
    for (const name of ['one', 'two', 'three', 'four']) {
      expect(scrape.sum('values_calls_total', { container_name: name }), `${name} by its name`).toBeGreaterThan(750);
    }
    for (const { labels: shown } of scrape.select('values_calls_total')) {
      for (const value of Object.values(shown)) expect(value).not.toMatch(/^(unknown)?$/);
    }
    await Promise.all([docker.remove('one', 'two'), podman.remove('three'), containerd.remove(four)]);
  }, 180_000);

  test('two hundred come and go: every call is counted, and series and memory go back to where they were', async () => {
    const labels = ['process.executable.name', 'container.id'];
    await using host = await startHost({ containers: runtimes(), labels, series: { retention: '1s' }, probes: { values } });
    const before = await host.scrape();
    const rounds = Array.from({ length: 40 }, (_, round) => round);
    for (const round of rounds) {
      const names = Array.from({ length: 5 }, (_, i) => `churn-${round}-${i}`);
      await Promise.all(names.map((name) => docker.run({ name, command: [`/bin/${client.name}`, '5', '1'] })));
      await Promise.all(names.map((name) => docker.wait(name)));
      await docker.remove(...names);
    }
    const { loss } = await host.probe('values');
    expect(loss.filter(({ count }) => count > 0)).toEqual([]);
    const scrape = await host.scrapeUntil(
      'the series of the containers are gone',
      (seen) => seen.select('values_calls_total', client.label).length === 0,
      30_000,
    );
    expect(scrape.sum('sonde_containers')).toBeLessThanOrEqual(before.sum('sonde_containers'));
  }, 240_000);

  test('selecting one of three counts only its traffic, and no program is loaded again', async () => {
    await using host = await startHost({ containers: runtimes(), probes: { values } });
    const command = [`/bin/${client.name}`, 'until', '1'];
    const names = ['sel-one', 'sel-two', 'sel-three'];
    for (const name of names) await docker.run({ name, command, env, labels: { role: name } });
    const sums = (seen: Exposition) => names.map((name) => seen.sum('values_calls_total', { container_name: name }));
    await host.scrapeUntil('all count', (seen) => sums(seen).every((sum) => sum > 0));
    const { programs } = await host.probe('values');

    for (const rule of [{ containerName: ['sel-tw?'] }, { containerLabel: { role: 'sel-two' } }]) {
      await host.rest.put('/v1/probes/values', { targets: { include: [rule] } });
      await sleep(1200);
      const before = sums(await host.scrape());
      await sleep(1200);
      const after = sums(await host.scrape());
      expect(after.map((sum, i) => sum > before[i]!)).toEqual([false, true, false]);
    }
    const late = await docker.run({ name: 'sel-tw4', command, env });
    await host.rest.put('/v1/probes/values', { targets: { include: [{ containerName: ['sel-tw4'] }] } });
    await host.scrapeUntil('the one that came later', (seen) => seen.sum('values_calls_total', { container_name: 'sel-tw4' }) > 0);
    expect((await host.probe('values')).programs.map(({ id }) => id)).toEqual(programs.map(({ id }) => id));
    expect(late).toMatch(/^[0-9a-f]{64}$/);
    await docker.remove(...names, 'sel-tw4');
  });

  test('keep their id while their runtime is down or stalls, delay no scrape, and get the rest when it answers', async () => {
    const stalled = join(folder.path, 'stalled.sock');
    await using stall = await stalledServer(stalled);
    const slow = { runtimes: [{ type: 'docker', socket: stalled }, ...runtimes().runtimes] };
    await using host = await startHost({ containers: slow, labels: ['container.id', 'container.name'], probes: { values } });
    await docker.run({ name: 'patient', command: [`/bin/${client.name}`, 'until', '1'], env });
    await host.scrapeUntil('its name, by the runtime that answers', (seen) => seen.sum('values_calls_total', { container_name: 'patient' }) > 0);
    expect(stall.connections).toBeGreaterThan(0);
    await docker.stop();
    await using child = await startHost({
      containers: { runtimes: [{ type: 'docker', socket: stalled }, { type: 'docker', socket: docker.socket }] },
      labels: ['container.id', 'container.name'],
      probes: { values },
    });
    const began = performance.now();
    const scrape = await child.scrapeUntil('its id', (seen) => seen.select('values_calls_total').some(({ labels }) => labels.container_id));
    await child.scrape();
    expect(performance.now() - began).toBeLessThan(5000);
    expect(scrape.sum('values_calls_total', { container_name: 'patient' })).toBe(0);
    expect(scrape.sum('sonde_containers', { state: 'unresolved' })).toBeGreaterThan(0);
    await docker.startAgain();
    await child.scrapeUntil('its name', (seen) => seen.sum('values_calls_total', { container_name: 'patient' }) > 0, 20_000);
    await docker.remove('patient');
  });
});

/** Takes connections and never says a word. */
async function stalledServer(path: string) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
