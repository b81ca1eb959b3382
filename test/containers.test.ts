// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Containerd } from './harness/containers/containerd.ts';
import { Docker } from './harness/containers/docker.ts';
import { imageName, makeImage } from './harness/containers/image.ts';
import { Podman } from './harness/containers/podman.ts';
import { type Exposition, fallenCounters } from './harness/exposition.ts';
import { heapOf, inspected } from './harness/heap.ts';
import { type Host, startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { SocketProxy } from './harness/socket-proxy.ts';
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

/** The churn: so many containers of so many processes. */
const CONTAINERS = 200;
const AT_ONCE = 10;
const PROCESSES = 50;
const CALLS = 5;
/** What it makes grow, by how much, and so much of that may others on this machine have meanwhile. */
const GAUGES: readonly [name: string, labels: Record<string, string>, growth: number][] = [
  ['sonde_processes', { state: 'held' }, CONTAINERS * PROCESSES],
  ['sonde_processes', { state: 'missing' }, CONTAINERS],
  ['sonde_containers', {}, CONTAINERS],
  ['sonde_cgroups', {}, CONTAINERS],
  ['sonde_target_entries', {}, CONTAINERS],
];
const NOISE = 1 / 4;
/** Milliseconds that an ended process is kept, whoever names it. */
const KEPT = 60_000;
/** Bytes that it may leave on the heap, for columns keep room for as many again; and those of a process of others. */
const LEFT_BEHIND = { heap: 4e6, process: 500 };

/** Runs that many containers at once to their end; each call of each process is counted under its container before they are removed. */
async function churn(host: Host, name: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `${name}-${i}`);
  const command = ['sh', '-c', `i=0; while [ $i -lt ${PROCESSES} ]; do /bin/${client.name} ${CALLS} 1; i=$((i+1)); done`];
  const ids = await Promise.all(names.map((each) => docker.run({ name: each, command })));
  const expected = ids.map(() => PROCESSES * CALLS);
  const sums = (seen: Exposition) => ids.map((id) => seen.sum('values_calls_total', { container_id: id }));
  await Promise.all(names.map((each) => docker.wait(each)));
  const scrape = await host.scrapeUntil(`all calls of ${name}`, (seen) => sums(seen).join() === expected.join(), 20_000);
  expect(scrape.select('values_calls_total', { container_id: ids[0]! })).toHaveLength(PROCESSES);
  for (const { labels } of scrape.select('values_calls_total')) {
    expect(Object.keys(labels).sort()).toEqual(['container_id', 'process_creation_time', 'process_executable_name', 'process_pid']);
    for (const value of Object.values(labels)) expect(value).not.toMatch(/^(unknown)?$/);
  }
  await docker.remove(...names);
}

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
    expect(scrape.sum('sonde_container_runtime_up', { runtime: 'containerd' })).toBe(1);
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

  test.concurrent('ten thousand processes in two hundred containers come and go: every call is counted, and series, entries and memory go back', async () => {
    const labels = ['process.executable.name', 'process.pid', 'process.creation.time', 'container.id'];
    const rules = { include: [{ cgroup: [`${docker.cgroup}*`] }, { executable: [client.name] }] };
    const config = {
      containers: runtimes(),
      labels,
      interval: '1s',
      series: { retention: '40s', budget: 20_000 },
      probes: { values: { ...values, params: { maxProcesses: 16_384 }, targets: rules } },
    };
    await using host = await startHost(config, inspected);
    await churn(host, 'warm-up', 1);
    const before = await host.scrape();
    const heapBefore = await heapOf(host);
    for (let round = 0; round < CONTAINERS / AT_ONCE; round++) await churn(host, `churn-${round}`, AT_ONCE);

    const busy = await host.scrape();
    const lost = busy.select('sonde_loss_total').filter(({ labels: { probe }, value }) => value > 0 && (probe === 'values' || probe === 'sonde'));
    expect([...lost, ...busy.select('sonde_overflow_total', { probe: 'values' }).filter(({ value }) => value > 0)]).toEqual([]);
    const isOver = (seen: Exposition): boolean =>
      seen.select('values_calls_total').length === 0 &&
      GAUGES.every(([name, state, growth]) => seen.sum(name, state) < before.sum(name, state) + growth * NOISE);
    await sleep(KEPT);
    const after = await host.scrapeUntil('all of it is gone', isOver, 40_000);
    const ofOthers = Math.max(0, after.sum('sonde_processes') - before.sum('sonde_processes')) * LEFT_BEHIND.process;
    expect((await heapOf(host)) - heapBefore).toBeLessThan(LEFT_BEHIND.heap + ofOthers);
  }, 400_000);

  test.concurrent('keep their id while their runtime stalls for 30 s, which delays no scrape and loses no call; their names come when it wakes', async () => {
    await using slowDocker = new SocketProxy(join(folder.path, 'stalled-docker.sock'), docker.socket);
    await using slowContainerd = new SocketProxy(join(folder.path, 'stalled-cri.sock'), containerd.socket);
    await Promise.all([slowDocker.listen(), slowContainerd.listen()]);
    const addresses = [{ type: 'docker', socket: slowDocker.socket }, { type: 'cri', socket: slowContainerd.socket }];
    await using host = await startHost({ containers: { runtimes: addresses }, labels: ['container.id', 'container.name'], probes: { values } });
    const command = [`/bin/${client.name}`, 'until', '1'];
    const early = await docker.run({ name: 'early', command, env });
    await host.scrapeUntil('a name', (seen) => seen.sum('values_calls_total', { container_id: early, container_name: 'early' }) > 0);

    slowDocker.hold();
    slowContainerd.hold();
    const stalledAt = performance.now();
    const pod = { name: 'late-0', uid: 'aaaa1111-0000-4000-8000-000000000003', container: 'late-app', command, env };
    const [late, lateApp] = await Promise.all([docker.run({ name: 'late', command, env }), containerd.run(pod)]);
    const ids = [late, lateApp.container];
    let [scrapes, longest] = [0, 0];
    let scrape = await host.scrapeUntil('their ids', (seen) => ids.every((id) => seen.sum('values_calls_total', { container_id: id }) > 0));
    while (performance.now() - stalledAt < 30_000) {
      await sleep(250);
      const began = performance.now();
      const next = await host.scrape();
      longest = Math.max(longest, performance.now() - began);
      scrapes++;
      expect(ids.map((id) => next.select('values_calls_total', { container_id: id }).some(({ labels }) => labels.container_name))).toEqual([false, false]);
      expect(fallenCounters(scrape, next)).toEqual([]);
      scrape = next;
    }
    expect(longest, `of ${scrapes} scrapes`).toBeLessThan(5000);
    expect(scrape.sum('sonde_containers', { state: 'unresolved' })).toBeGreaterThanOrEqual(2);
    for (const { socket } of addresses) {
      expect(scrape.value('sonde_container_runtime_up', { socket })).toBe(0);
      expect(scrape.value('sonde_container_runtime_requests_total', { socket, outcome: 'timeout' })).toBeGreaterThan(1);
    }

    slowDocker.release();
    slowContainerd.release();
    await host.scrapeUntil(
      'their names',
      (seen) => seen.sum('values_calls_total', { container_name: 'late' }) > 0 && seen.sum('values_calls_total', { container_name: 'late-app' }) > 0,
      30_000,
    );
    await docker.command('stop', 'early', 'late');
    for (const [name, id] of [['early', early], ['late', late]] as const) {
      const made = Number(await docker.command('logs', name));
      await host.scrapeUntil(`every call of ${name}`, (seen) => seen.sum('values_calls_total', { container_id: id }) === made);
    }
    const awake = await host.scrape();
    for (const { socket } of addresses) expect(awake.value('sonde_container_runtime_up', { socket })).toBe(1);
    await Promise.all([docker.remove('early', 'late'), containerd.remove(lateApp)]);
  }, 120_000);

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

  test('have their id while their runtime is absent, and the rest when it comes, however slowly it answers', async () => {
    await using proxy = new SocketProxy(join(folder.path, 'absent.sock'), docker.socket);
    await using host = await startHost({
      containers: { runtimes: [{ type: 'docker', socket: proxy.socket }] },
      labels: ['container.id', 'container.name'],
      probes: { values },
    });
    const id = await docker.run({ name: 'alone', command: [`/bin/${client.name}`, 'until', '1'], env });
    const absent = await host.scrapeUntil('its id', (seen) => seen.sum('values_calls_total', { container_id: id }) > 0);
    expect(absent.select('values_calls_total', { container_id: id }).map(({ labels }) => labels.container_name)).toEqual([undefined]);
    expect(absent.sum('sonde_containers', { state: 'unresolved' })).toBeGreaterThan(0);
    const { socket } = proxy;
    await host.scrapeUntil('a metric that says so', (seen) => seen.sum('sonde_container_runtime_requests_total', { socket, outcome: 'absent' }) > 0);

    proxy.latency = 1000;
    await proxy.listen();
    const named = await host.scrapeUntil('its name', (seen) => seen.sum('values_calls_total', { container_name: 'alone' }) > 0, 30_000);
    expect(named.value('sonde_container_runtime_up', { socket })).toBe(1);
    await docker.remove('alone');
  });

  test('keep their names while their runtime is restarted, and those that begin after it get theirs', async () => {
    await using host = await startHost({ containers: runtimes(), labels: ['container.id', 'container.name'], probes: { values } });
    const command = [`/bin/${client.name}`, 'until', '1'];
    const before = { container_id: await docker.run({ name: 'patient', command, env }), container_name: 'patient' };
    const first = await host.scrapeUntil('its name', (seen) => seen.sum('values_calls_total', before) > 0);
    await docker.stop();
    await host.scrapeUntil('it counts on', (seen) => seen.sum('values_calls_total', before) > first.sum('values_calls_total', before));
    await docker.startAgain();
    const after = { container_id: await docker.run({ name: 'afterwards', command, env }), container_name: 'afterwards' };
    const last = await host.scrapeUntil('the name of the next', (seen) => seen.sum('values_calls_total', after) > 0, 30_000);
    expect(last.sum('values_calls_total', before)).toBeGreaterThan(0);
    await docker.remove('patient', 'afterwards');
  });
});
