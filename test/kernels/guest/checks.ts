// SPDX-License-Identifier: Apache-2.0
import type { Host } from '../../harness/host.ts';
import type { RedisClient, Server } from '../../l7/servers.ts';
import { l7Checks } from './l7.ts';
import type { Network } from './network.ts';
import { tcpChecks } from './tcp.ts';

/** The probes that run in a guest. */
export const probes = ['tcp', 'l7'] as const;
export type Probe = (typeof probes)[number];

/** Executables of `test/workloads/`, compiled outside: a compiler is slow in a guest. */
export const workloads = ['tcp-server', 'tcp-client', 'l7-calls'] as const;
export type Workloads = Record<(typeof workloads)[number], string>;

/** What the checks of one guest share. */
export interface Guest {
  host: Host;
  workloads: Workloads;
  network: Network;
  /** Older than the probes, with a connection that is older too. */
  redis: Server;
  older: RedisClient;
}

/** A sentence that must be true in every guest. */
export interface Check {
  probe: Probe;
  title: string;
  run(guest: Guest): Promise<void>;
}

export const checks: readonly Check[] = [...tcpChecks, ...l7Checks];
