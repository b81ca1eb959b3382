// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { imageName, makeImage } from '../harness/containers/image.ts';
import { type Exposition, type Labels, parseExposition } from '../harness/exposition.ts';
import { type Host, startHost } from '../harness/host.ts';
import { fixturePackage, repository } from '../harness/paths.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { waitFor } from '../harness/wait.ts';
import { compile, type Workload } from '../harness/workload.ts';
import { ask } from '../harness/http.ts';
import { Cluster } from './cluster.ts';
import { makeSondeImage, sondeImageName, valuesInImage } from './sonde-image.ts';

const folder = temporaryFolder();
const labels = [
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.pod.uid',
  'k8s.container.name',
  'k8s.node.name',
  'k8s.deployment.name',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.job.name',
  'k8s.cronjob.name',
  'k8s.service.name',
  'k8s.pod.label.tier',
  'k8s.pod.annotation.example.com/owner',
  'container.image.name',
  'service.name',
];
let client: Workload;
let cluster: Cluster;

/** A container that calls until it is told to stop. */
function podSpec() {
  const container = {
    name: 'app',
    image: imageName,
    imagePullPolicy: 'Never',
    command: [`/bin/${client.name}`, 'until', '1'],
    env: [{ name: 'PAUSE_US', value: '2000' }],
  };
  return { containers: [container], terminationGracePeriodSeconds: 1, automountServiceAccountToken: false };
}

function workload(kind: string, name: string, spec: object = {}) {
  const metadata = { labels: { app: name, tier: 'silver' }, annotations: { 'example.com/owner': 'Jane Doe' } };
  const template = { metadata, spec: podSpec() };
  return { apiVersion: 'apps/v1', kind, metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template, ...spec } };
}

function jobTemplate() {
  return { spec: { template: { metadata: { labels: { app: 'nightly', tier: 'silver' } }, spec: { ...podSpec(), restartPolicy: 'Never' } } } };
}

beforeAll(async () => {
  client = await compile('workloads/values.c', { name: 'values-pod', flags: ['-static'] });
  const image = join(folder.path, 'image.tar');
  await makeImage(image, [client.path]);
  cluster = await Cluster.start(image);
  await waitFor('the default service account', () => cluster.kubectl('get', 'serviceaccount', 'default').catch(() => ''), { timeout: 60_000, every: 300 });
  await cluster.apply(
    join(repository, 'configs/kubernetes/rbac.yaml'),
    workload('Deployment', 'web', { replicas: 2 }),
    workload('StatefulSet', 'db', { serviceName: 'db' }),
    workload('DaemonSet', 'agent'),
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly' }, spec: { schedule: '* * * * *', jobTemplate: jobTemplate() } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
  );
}, 1_500_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
}, 60_000);

/** A kubeconfig with the rights of the manifest in `configs/`, and no others. */
async function kubeconfig(): Promise<string> {
  const token = (await cluster.kubectl('create', 'token', 'sonde', '-n', 'sonde')).trim();
  const path = join(folder.path, 'kubeconfig');
  const config = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'sonde' } }],
    clusters: [{ name: 'test', cluster: { server: cluster.server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'sonde', user: { token } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function start(kubernetes: object): Promise<Host> {
  return startHost({
    labels,
    containers: { runtimes: [{ type: 'cri', socket: cluster.socket }] },
    kubernetes: { node: cluster.node, ...kubernetes },
    probes: { values: { package: fixturePackage('values') } },
  });
}

/** The labels of the series of each pod of a workload that has certain labels, once there are so many. */
async function labelsOf(host: Host, name: string, pods: number, ...needed: string[]): Promise<Labels[]> {
  const series = (seen: Exposition) =>
    seen.select('values_calls_total').map(({ labels: found }) => found).filter((found) => found.k8s_pod_name?.startsWith(`${name}-`) && needed.every((label) => found[label]));
  const seen = await host.scrapeUntil(`the pods of ${name} with ${needed.join(', ')}`, (scrape) => series(scrape).length >= pods, 100_000);
  return series(seen);
}

const common = {
  k8s_namespace_name: 'default',
  k8s_container_name: 'app',
  k8s_node_name: 'node1',
  k8s_pod_label_tier: 'silver',
  container_image_name: 'localhost/sonde-test',
};

test('the API server tells of pods, their owners, services and labels, with the rights of the manifest', async () => {
  await using host = await start({ kubeconfig: await kubeconfig() });
  for (const pod of await labelsOf(host, 'web', 2, 'container_image_name', 'k8s_service_name')) {
    expect(pod).toMatchObject({ ...common, k8s_deployment_name: 'web', k8s_service_name: 'shop', service_name: 'web', k8s_pod_annotation_example_com_owner: 'Jane Doe' });
    expect(pod.k8s_replicaset_name).toMatch(/^web-[0-9a-z]+$/);
    expect(pod.k8s_pod_uid).toMatch(/^[0-9a-f-]{36}$/);
  }
  expect((await labelsOf(host, 'db', 1, 'container_image_name'))[0]).toMatchObject({ ...common, k8s_statefulset_name: 'db', service_name: 'db' });
  expect((await labelsOf(host, 'agent', 1, 'container_image_name'))[0]).toMatchObject({ ...common, k8s_daemonset_name: 'agent' });
  const job = (await labelsOf(host, 'nightly', 1, 'container_image_name', 'k8s_cronjob_name'))[0];
  expect(job).toMatchObject({ ...common, k8s_cronjob_name: 'nightly', service_name: 'nightly' });
  expect(job?.k8s_job_name).toMatch(/^nightly-\d+$/);
  const scrape = await host.scrape();
  expect(scrape.sum('sonde_kubernetes_failures_total')).toBe(0);
  expect(scrape.sum('sonde_kubernetes_up', { source: 'api' })).toBe(1);
}, 200_000);

test('a pod that is labelled anew goes on as a new series within seconds, by API server and by kubelet', async () => {
  await using byApi = await start({ kubeconfig: await kubeconfig() });
  await using byKubelet = await start({ kubelet: { url: cluster.kubelet, insecure: true, interval: '1s' } });
  const [pod] = await labelsOf(byApi, 'web', 1, 'k8s_pod_label_tier');
  await labelsOf(byKubelet, 'web', 1, 'k8s_pod_label_tier');
  const name = pod!.k8s_pod_name!;
  await cluster.kubectl('label', 'pod', name, 'tier=gold', '--overwrite');
  for (const host of [byApi, byKubelet]) {
    const began = performance.now();
    const gold = { k8s_pod_name: name, k8s_pod_label_tier: 'gold' };
    const silver = { ...gold, k8s_pod_label_tier: 'silver' };
    await host.scrapeUntil('the new series', (seen) => seen.sum('values_calls_total', gold) > 0, 15_000);
    expect(performance.now() - began).toBeLessThan(10_000);
    const before = (await host.scrape()).sum('values_calls_total', silver);
    const grows = (await host.scrape()).sum('values_calls_total', gold);
    await host.scrapeUntil('only the new one grows', (seen) => seen.sum('values_calls_total', gold) > grows);
    expect((await host.scrape()).sum('values_calls_total', silver)).toBe(before);
  }
  await cluster.kubectl('label', 'pod', name, 'tier=silver', '--overwrite');
}, 120_000);

test.each([
  ['the kubelet', () => ({ kubelet: { url: cluster.kubelet, insecure: true, interval: '1s' } })],
  ['the runtime, without either,', () => ({})],
])('%s tells of pods, their labels and annotations, and most of their owners', async (_, kubernetes) => {
  await using host = await start(kubernetes());
  const own = { ...common, k8s_pod_annotation_example_com_owner: 'Jane Doe' };
  for (const pod of await labelsOf(host, 'web', 2, 'k8s_deployment_name', 'container_image_name')) {
    expect(pod).toMatchObject({ ...own, k8s_deployment_name: 'web', service_name: 'web' });
    expect(pod.k8s_pod_uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(pod.k8s_service_name).toBeUndefined();
  }
  const ownerOf = async (name: string, label: string) => (await labelsOf(host, name, 1, label, 'container_image_name'))[0]?.[label];
  expect(await ownerOf('db', 'k8s_statefulset_name')).toBe('db');
  expect(await ownerOf('agent', 'k8s_daemonset_name')).toBe('agent');
  expect(await ownerOf('nightly', 'k8s_job_name')).toMatch(/^nightly-\d+$/);
}, 120_000);

test('a rule by pod label watches the pods of one workload, those to come included', async () => {
  await using host = await start({ kubeconfig: await kubeconfig() });
  await labelsOf(host, 'web', 2, 'k8s_deployment_name');
  await host.rest.put('/v1/probes/values', { targets: { include: [{ podNamespace: ['default'], podLabel: { app: 'db' } }] } });
  const report = (await host.rest.get('/v1/probes/values/targets')).body as { processes: { watched: boolean; pod?: string }[] };
  expect(report.processes.filter(({ pod }) => pod === 'default/db-0').every(({ watched }) => watched)).toBe(true);
  expect(report.processes.some(({ pod }) => pod?.startsWith('default/web'))).toBe(false);
  expect(await host.sonde('targets', 'values')).toContain('default/db-0');
  const web = (seen: Exposition) => seen.sum('values_calls_total', { k8s_deployment_name: 'web' });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const stopped = web(await host.scrape());
  await cluster.kubectl('delete', 'pod', 'db-0', '--wait=false');
  const first = (await labelsOf(host, 'db', 1, 'k8s_statefulset_name'))[0]!.k8s_pod_uid;
  await host.scrapeUntil(
    'the pod that replaces it',
    (seen) => seen.select('values_calls_total', { k8s_statefulset_name: 'db' }).some(({ labels: found }) => found.k8s_pod_uid !== first),
    60_000,
  );
  expect(web(await host.scrape())).toBe(stopped);
}, 120_000);

/** The objects of `configs/kubernetes/daemonset.yaml` with what differs on this node: image, places, and one more probe. */
function daemonSet(): object[] {
  const text = readFileSync(join(repository, 'configs/kubernetes/daemonset.yaml'), 'utf8');
  const [configMap, set] = parseAllDocuments(text).map((document) => document.toJS());
  const config = parse(configMap.data['sonde.yaml']);
  const probes = { ...config.probes, l7: {}, values: { package: valuesInImage } };
  configMap.data['sonde.yaml'] = JSON.stringify({ ...config, probes, labels: [...labels, 'host.name', 'host.id', 'os.name'] });
  const { containers, volumes } = set.spec.template.spec;
  Object.assign(containers[0], { image: sondeImageName, imagePullPolicy: 'Never' });
  const volume = (name: string) => volumes.find((each: { name: string }) => each.name === name);
  volume('run').hostPath.path = cluster.runFolder;
  volume('state').hostPath.path = cluster.stateFolder;
  return [configMap, set];
}

test('the DaemonSet of the manifests runs with the rights that it asks for, and learns of its node by its service account', async () => {
  const manifest = join(repository, 'configs/kubernetes/daemonset.yaml');
  expect(await cluster.kubectl('apply', '--dry-run=server', '-f', manifest)).toContain('daemonset.apps/sonde created (server dry run)');
  const image = join(folder.path, 'sonde.tar');
  await makeSondeImage(image);
  await cluster.importImage(image);
  await cluster.apply(...daemonSet());
  await cluster.kubectl('-n', 'sonde', 'rollout', 'status', 'daemonset/sonde', '--timeout=120s');
  const scrape = async () => parseExposition((await ask({ host: '127.0.0.1', port: 9464 }, '/metrics')).bytes.toString());
  const web = (seen: Exposition) => seen.select('values_calls_total', { k8s_deployment_name: 'web', k8s_service_name: 'shop' });
  const seen = await waitFor(
    'the pods of web',
    async () => {
      const found = await scrape().catch(() => undefined);
      return found && web(found).length >= 2 ? found : undefined;
    },
    { timeout: 60_000, every: 500 },
  );
  const node = { host_name: hostname(), host_id: readFileSync('/etc/machine-id', 'utf8').trim(), os_name: expect.stringContaining('Debian') as string };
  for (const { labels: pod } of web(seen)) expect(pod).toMatchObject({ ...common, ...node });
  expect(seen.sum('sonde_kubernetes_up', { source: 'api' })).toBe(1);
  expect(seen.sum('sonde_kubernetes_failures_total')).toBe(0);
  const inPod = (...command: string[]) => cluster.kubectl('-n', 'sonde', 'exec', 'daemonset/sonde', '--', ...command);
  const { probes } = JSON.parse(await inPod('sonde', 'ps', '--json')) as { probes: { name: string; state: string; error?: object }[] };
  expect(probes.map(({ name, state, error }) => ({ name, state, error }))).toEqual(['l7', 'tcp', 'values'].map((name) => ({ name, state: 'running' })));
  expect(seen.sum('sonde_containers', { state: 'resolved' })).toBeGreaterThan(3);
  await cluster.kubectl('-n', 'sonde', 'delete', 'daemonset', 'sonde', '--wait');
}, 300_000);
