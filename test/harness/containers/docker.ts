// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Child, run } from '../child.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { waitFor } from '../wait.ts';
import { removeCgroups } from './cgroups.ts';
import { imageName } from './image.ts';

/** What a container is started with. */
export interface ContainerOptions {
  name: string;
  labels?: Record<string, string>;
  /** Program and arguments; the image sleeps if absent. */
  command?: readonly string[];
  env?: Record<string, string>;
  /** Which network it has: none of its own if absent. `container:<name>` is that of another. */
  network?: string;
}

/** A Docker daemon of this test's own, in network and mount namespaces of its own. */
export class Docker implements AsyncDisposable {
  readonly kind = 'docker';
  readonly socket: string;
  readonly cgroup: string;
  readonly #folder = temporaryFolder();
  #daemon: Child;

  /** Starts dockerd and loads an image archive. */
  static async start(image: string): Promise<Docker> {
    const docker = new Docker();
    await docker.ready();
    await docker.command('load', '-i', image);
    return docker;
  }

  private constructor() {
    this.socket = join(this.#folder.path, 'docker.sock');
    this.cgroup = `/sonde-test-${process.pid}-docker`;
    this.#daemon = this.#start();
  }

  /** Runs the docker client, and resolves with its output. */
  async command(...args: string[]): Promise<string> {
    return (await run('docker', ['-H', `unix://${this.socket}`, ...args])).trim();
  }

  /** Starts a container and resolves with its id. */
  run({ name, labels = {}, command = [], env = {}, network = 'none' }: ContainerOptions): Promise<string> {
    const options = [...pairs('--label', labels), ...pairs('--env', env)];
    const own = ['--network', network, '--cgroup-parent', this.cgroup, '--name', name, ...options];
    return this.command('run', '-d', ...own, imageName, ...command);
  }

  /** Resolves when the container's main process has ended. */
  async wait(name: string): Promise<void> {
    await this.command('wait', name);
  }

  async remove(...names: string[]): Promise<void> {
    await this.command('rm', '-f', ...names);
  }

  /** Stops the daemon; its containers run on if it was started to let them. */
  async stop(): Promise<void> {
    await this.#daemon.stop();
  }

  async startAgain(): Promise<void> {
    this.#daemon = this.#start();
    await this.ready();
  }

  async ready(): Promise<void> {
    await waitFor(`dockerd answers: ${this.#daemon.stderr}`, () => this.command('version').catch(() => ''), { timeout: 20_000, every: 100 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon.ended) await this.startAgain();
    const left = await this.command('ps', '-aq').catch(() => '');
    if (left !== '') await this.remove(...left.split('\n')).catch(() => {});
    await this.stop();
    await removeCgroups(this.cgroup);
    this.#folder[Symbol.dispose]();
  }

  /** With live-restore, containers outlive the daemon. */
  #start(): Child {
    const place = (name: string): string => join(this.#folder.path, name);
    const places = ['--data-root', place('data'), '--exec-root', place('exec'), '-p', place('pid'), '-H', `unix://${this.socket}`];
    return new Child('unshare', ['-n', '-m', 'dockerd', ...places, '--bridge=none', '--iptables=false', '--live-restore']);
  }
}

/** `--option key=value` for each. */
export function pairs(option: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [option, `${key}=${value}`]);
}
