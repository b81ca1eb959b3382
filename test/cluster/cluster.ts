// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Child, run } from '../harness/child.ts';
import { imageName } from '../harness/containers/image.ts';
import { repository } from '../harness/paths.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { waitFor } from '../harness/wait.ts';
import { hyperkube } from './hyperkube.ts';

/** A real Kubernetes of one node, in the network namespace of this process, which must have one of its own. */
export class Cluster implements AsyncDisposable {
  readonly node = 'node1';
  readonly server = 'https://127.0.0.1:443';
  readonly kubelet = 'https://10.99.0.1:10250';
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #child: Child;

  /** Starts it with an image, and waits until the node is ready. */
  static async start(image: string): Promise<Cluster> {
    const cluster = new Cluster(await hyperkube(), image);
    await waitFor('the node is ready', () => cluster.#isReady(), { timeout: 120_000, every: 200 });
    return cluster;
  }

  private constructor(program: string, image: string) {
    this.#folder = temporaryFolder();
    const script = join(repository, 'test/components/kubernetes/cluster.sh');
    this.#child = new Child('unshare', ['--mount', 'bash', script, program, join(this.#folder.path, 'cluster'), image, imageName]);
  }

  /** Where the container runtime listens. */
  get socket(): string {
    return this.#place('run/containerd/containerd.sock');
  }

  /** Gives the node an image, which it has no registry to pull from. */
  async importImage(archive: string): Promise<void> {
    await run('ctr', ['-a', this.socket, '-n', 'k8s.io', 'images', 'import', archive]);
  }

  /** What `/run` of a node would be: the socket is at its usual place in it. */
  get runFolder(): string {
    return this.#place('run');
  }

  /** What `/var/lib` of a node would be. */
  get stateFolder(): string {
    return this.#place('lib');
  }

  kubectl(...args: string[]): Promise<string> {
    return run(this.#place('bin/kubectl'), ['--kubeconfig', this.#place('kubeconfig'), ...args]);
  }

  /** Applies objects, or files with them. */
  async apply(...objects: (object | string)[]): Promise<void> {
    for (const object of objects) {
      if (typeof object === 'string') await this.kubectl('apply', '-f', object);
      else await this.#pipe(JSON.stringify(object));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGTERM', 30_000);
    this.#folder[Symbol.dispose]();
  }

  #place(name: string): string {
    return join(this.#folder.path, 'cluster', name);
  }

  #isReady(): boolean {
    if (this.#child.ended) throw new Error(`the cluster ended: ${this.#child.stderr}`);
    return this.#child.stdout.includes('ready');
  }

  async #pipe(text: string): Promise<void> {
    const args = ['--kubeconfig', this.#place('kubeconfig'), 'apply', '-f', '-'];
    const child = spawn(this.#place('bin/kubectl'), args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let error = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (error += chunk));
    child.stdin.end(text);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`kubectl apply: ${error}`);
  }
}
