// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, run } from '../child.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { waitFor } from '../wait.ts';
import { removeCgroups } from './cgroups.ts';
import { type ContainerOptions, pairs } from './docker.ts';
import { imageName } from './image.ts';

/** Podman's service in network and mount namespaces of its own; containers are started through it. */
export class Podman implements AsyncDisposable {
  readonly kind = 'podman';
  readonly socket: string;
  readonly cgroup = `/sonde-test-${process.pid}-podman`;
  readonly #folder = temporaryFolder();
  readonly #service: Child;

  /** Starts the service and loads an image archive. */
  static async start(image: string): Promise<Podman> {
    const podman = new Podman();
    await waitFor('podman answers', () => podman.command('version').catch(() => ''), { timeout: 20_000, every: 100 });
    await podman.command('load', '-i', image);
    return podman;
  }

  private constructor() {
    const place = (name: string): string => join(this.#folder.path, name);
    this.socket = place('podman.sock');
    writeFileSync(
      place('containers.conf'),
      '[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=4096:4096"]\n[engine]\nruntime="runc"\ncgroup_manager="cgroupfs"\n',
    );
    const places = ['--root', place('root'), '--runroot', place('run'), '--tmpdir', place('tmp')];
    const env = { CONTAINERS_CONF: place('containers.conf') };
    this.#service = new Child('unshare', ['-n', '-m', 'podman', ...places, 'system', 'service', '--time=0', `unix://${this.socket}`], { env });
  }

  /** Runs the podman client, and resolves with its output. */
  async command(...args: string[]): Promise<string> {
    return (await run('podman', ['--remote', '--url', `unix://${this.socket}`, ...args])).trim();
  }

  /** Starts a container and resolves with its id. */
  run({ name, labels = {}, command = [], env = {} }: ContainerOptions): Promise<string> {
    const options = [...pairs('--label', labels), ...pairs('--env', env)];
    return this.command('run', '-d', '--network', 'none', '--cgroup-parent', this.cgroup, '--name', name, ...options, imageName, ...command);
  }

  async wait(name: string): Promise<void> {
    await this.command('wait', name);
  }

  async remove(...names: string[]): Promise<void> {
    await this.command('rm', '-f', '-t', '0', ...names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.command('rm', '-af', '-t', '0').catch(() => {});
    await this.#service.stop();
    await removeCgroups(this.cgroup);
    this.#folder[Symbol.dispose]();
  }
}
