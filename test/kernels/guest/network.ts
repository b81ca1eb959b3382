// SPDX-License-Identifier: Apache-2.0
import { run } from '../../harness/child.ts';

/** Two network namespaces with a wire between them, on which netem sets delay and loss. */
export class Network {
  static readonly near = { name: 'near', address: '10.231.78.1' };
  static readonly far = { name: 'far', address: '10.231.78.2' };

  static async create(): Promise<Network> {
    const { near, far } = Network;
    await ip('netns', 'add', near.name);
    await ip('netns', 'add', far.name);
    await ip('link', 'add', 'veth0', 'netns', near.name, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', far.name);
    for (const { name, address } of [near, far]) {
      await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'veth0');
      await ip('-n', name, 'link', 'set', 'veth0', 'up');
    }
    await ip('netns', 'exec', near.name, 'tc', 'qdisc', 'add', 'dev', 'veth0', 'root', 'netem', 'delay', '0ms');
    return new Network();
  }

  /** What happens to all that leaves the near end, such as `delay 50ms loss 5%`. */
  async disturb(how: string): Promise<void> {
    await this.inNear('tc', 'qdisc', 'change', 'dev', 'veth0', 'root', 'netem', ...how.split(' '));
  }

  inNear(...command: string[]): Promise<string> {
    return ip('netns', 'exec', Network.near.name, ...command);
  }
}

const ip = (...args: string[]): Promise<string> => run('ip', args);
