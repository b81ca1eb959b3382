// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Child, run } from '../child.ts';
import { repository } from '../paths.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { waitFor } from '../wait.ts';
import { removeCgroups } from './cgroups.ts';
import { imageName } from './image.ts';

/** The published definitions of the container runtime interface. */
export const criProto = join(repository, 'test/components/cri/api.proto');

/** Of containerd, where the image is: `k8s.io` is that of the container runtime interface. */
const NAMESPACES = ['k8s.io', 'default', 'other'] as const;

/** A pod with one container, as the kubelet would ask for it. */
export interface PodOptions {
  name: string;
  namespace?: string;
  uid: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  container: string;
  command?: readonly string[];
  env?: Record<string, string>;
}

/** A pod that runs. */
export interface RunningPod {
  sandbox: string;
  container: string;
}

type Unary = (request: object, done: (error: Error | null, answer: Record<string, string>) => void) => void;

/** A containerd of this test's own, with pods made through the container runtime interface on the host's network. */
export class Containerd implements AsyncDisposable {
  readonly kind = 'cri';
  readonly socket: string;
  readonly cgroup = `/kubepods-test-${process.pid}`;
  readonly #folder = temporaryFolder();
  readonly #daemon: Child;
  readonly #service: Record<string, Unary> & { close(): void };
  readonly #sandboxes: string[] = [];
  readonly #plain: { namespace: string; id: string }[] = [];

  /** Starts containerd and imports an image archive. */
  static async start(image: string): Promise<Containerd> {
    const containerd = new Containerd();
    await waitFor('containerd answers', () => containerd.ctr('version').catch(() => ''), { timeout: 20_000, every: 100 });
    for (const namespace of NAMESPACES) await containerd.ctr('-n', namespace, 'images', 'import', image);
    return containerd;
  }

  private constructor() {
    const place = (name: string): string => join(this.#folder.path, name);
    this.socket = place('containerd.sock');
    writeFileSync(
      place('containerd.toml'),
      `version = 2
root = "${place('root')}"
state = "${place('state')}"
[grpc]
  address = "${this.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${imageName}"
  restrict_oom_score_adj = true
`,
    );
    this.#daemon = new Child('unshare', ['-m', 'containerd', '-c', place('containerd.toml')]);
    this.#service = connect(this.socket);
  }

  /** Runs containerd's own client, and resolves with its output. */
  ctr(...args: string[]): Promise<string> {
    return run('ctr', ['-a', this.socket, ...args]);
  }

  /**
   * Runs a container without the container runtime interface, as `ctr` and nerdctl do: in its namespace its user chose the id.
   * @param options of `ctr run`
   */
  async runPlain(namespace: (typeof NAMESPACES)[number], id: string, command: readonly string[], ...options: string[]): Promise<void> {
    this.#plain.push({ namespace, id });
    await this.ctr('-n', namespace, 'run', '-d', '--cgroup', `${this.cgroup}/${namespace}/${id}`, ...options, imageName, id, ...command);
  }

  /** Removes all containers that `runPlain` has made. */
  async removePlain(): Promise<void> {
    for (const { namespace, id } of this.#plain.splice(0)) {
      await this.ctr('-n', namespace, 'tasks', 'rm', '-f', id).catch(() => {});
      await this.ctr('-n', namespace, 'containers', 'rm', id).catch(() => {});
    }
  }

  /** Runs a pod and resolves with the ids of its sandbox and its container. */
  async run({ name, namespace = 'default', uid, labels = {}, annotations = {}, container, command, env = {} }: PodOptions): Promise<RunningPod> {
    const pod = { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.namespace': namespace, 'io.kubernetes.pod.uid': uid };
    const onHost = { namespace_options: { network: 'NODE' } };
    const sandboxConfig = {
      metadata: { name, uid, namespace, attempt: 0 },
      log_directory: this.#folder.path,
      labels: { ...labels, ...pod },
      annotations,
      linux: { cgroup_parent: `${this.cgroup}/burstable/pod${uid}`, security_context: onHost },
    };
    const sandbox = (await this.#call('RunPodSandbox', { config: sandboxConfig }))['pod_sandbox_id']!;
    this.#sandboxes.push(sandbox);
    const config = {
      metadata: { name: container },
      image: { image: imageName },
      ...(command && { command }),
      envs: Object.entries(env).map(([key, value]) => ({ key, value })),
      log_path: `${name}.log`,
      labels: { ...pod, 'io.kubernetes.container.name': container },
      linux: { security_context: onHost },
    };
    const created = await this.#call('CreateContainer', { pod_sandbox_id: sandbox, config, sandbox_config: sandboxConfig });
    const id = created['container_id']!;
    await this.#call('StartContainer', { container_id: id });
    return { sandbox, container: id };
  }

  async remove({ sandbox }: RunningPod): Promise<void> {
    await this.#call('StopPodSandbox', { pod_sandbox_id: sandbox });
    await this.#call('RemovePodSandbox', { pod_sandbox_id: sandbox });
    this.#sandboxes.splice(this.#sandboxes.indexOf(sandbox), 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of [...this.#sandboxes]) await this.remove({ sandbox, container: '' }).catch(() => {});
    await this.removePlain();
    this.#service.close();
    await this.#daemon.stop();
    await removeCgroups(this.cgroup);
    this.#folder[Symbol.dispose]();
  }

  #call(method: string, request: object): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      this.#service[method]!(request, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }
}

function connect(socket: string): Record<string, Unary> & { close(): void } {
  const { runtime } = loadPackageDefinition(loadSync(criProto, { keepCase: true })) as unknown as {
    runtime: { v1: { RuntimeService: new (address: string, security: object, options: object) => Record<string, Unary> & { close(): void } } };
  };
  return new runtime.v1.RuntimeService(`unix://${socket}`, credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
}
