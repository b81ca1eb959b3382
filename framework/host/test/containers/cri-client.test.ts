// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CriClient } from '../../src/containers/cri-client.ts';

/** As Kubernetes publishes it, not the part of it that the client has. */
const published = fileURLToPath(new URL('../../../../test/components/cri/api.proto', import.meta.url));

const container = 'c'.repeat(64);
const sandbox = 'd'.repeat(64);
const digest = `sha256:${'1'.repeat(64)}`;
const kubernetes = {
  'io.kubernetes.pod.name': 'web-5d4f8c7b9-x2x4k',
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.uid': 'u-1',
};

let folder: string;
let socket: string;
let server: Server;
let client: CriClient;

/** What CRI-O answers, as far as is of interest. */
const crio: Record<string, (request: Record<string, unknown>) => object> = {
  Version: () => ({ version: '0.1.0', runtime_name: 'cri-o', runtime_version: '1.31.0', runtime_api_version: 'v1' }),
  ListContainers: () => ({
    containers: [
      {
        id: container,
        pod_sandbox_id: sandbox,
        metadata: { name: 'app', attempt: 1 },
        image: { image: digest },
        image_ref: digest,
        image_id: digest,
        state: 'CONTAINER_RUNNING',
        labels: { ...kubernetes, 'io.kubernetes.container.name': 'app' },
      },
    ],
  }),
  ListPodSandbox: () => ({
    items: [
      {
        id: sandbox,
        metadata: { name: 'web-5d4f8c7b9-x2x4k', uid: 'u-1', namespace: 'shop' },
        state: 'SANDBOX_READY',
        labels: { ...kubernetes, app: 'web' },
        annotations: { 'example.com/owner': 'jane' },
      },
    ],
  }),
  ContainerStatus: ({ container_id: asked }) => ({
    status: { id: asked, image: { image: 'quay.io/shop/web:2.1', user_specified_image: '' }, state: 'CONTAINER_RUNNING' },
  }),
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sonde-cri-'));
  socket = join(folder, 'crio.sock');
  const { runtime } = loadPackageDefinition(loadSync(published, { keepCase: true, enums: String })) as unknown as {
    runtime: { v1: { RuntimeService: { service: ServiceDefinition } } };
  };
  server = new Server();
  const answers = Object.entries(crio).map(([method, answer]) => [
    method,
    (call: { request: Record<string, unknown> }, done: (error: null, answer: object) => void) => done(null, answer(call.request)),
  ]);
  server.addService(runtime.v1.RuntimeService.service, Object.fromEntries(answers) as UntypedServiceImplementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  client = new CriClient(socket);
});

afterEach(() => {
  client.close();
  server.forceShutdown();
  rmSync(folder, { recursive: true });
});

test('CRI-O tells of a container, the name of its image, and the labels and annotations of its pod', async () => {
  const found = await client.find([container], AbortSignal.timeout(5000));
  expect(found).toEqual([
    {
      id: container,
      name: 'app',
      image: { name: 'quay.io/shop/web', tag: '2.1', id: digest },
      labels: { ...kubernetes, 'io.kubernetes.container.name': 'app' },
      runtime: { name: 'cri-o', version: '1.31.0' },
      pod: {
        uid: 'u-1',
        name: 'web-5d4f8c7b9-x2x4k',
        namespace: 'shop',
        container: 'app',
        labels: { app: 'web' },
        annotations: { 'example.com/owner': 'jane' },
      },
    },
  ]);
});

test('a sandbox is a container of its pod without a name', async () => {
  const found = await client.find([sandbox, container], AbortSignal.timeout(5000));
  const pause = found.find(({ id }) => id === sandbox);
  expect(pause).toMatchObject({ runtime: { name: 'cri-o' }, pod: { name: 'web-5d4f8c7b9-x2x4k', labels: { app: 'web' } } });
  expect(pause).not.toHaveProperty('name');
  expect(pause?.pod).not.toHaveProperty('container');
});

test('a request ends when it is given up', async () => {
  server.forceShutdown();
  await expect(client.find([container], AbortSignal.timeout(300))).rejects.toThrow(/UNAVAILABLE|CANCELLED|DEADLINE/);
});
