// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { IdentityId } from '../identity/types.ts';

/** Text files under /proc as the source of one entity. */
export interface ProcfsSource {
  /** Reads the file, or that of each watched process, in slices, and adds what changed. Never rejects. */
  snapshot(): Promise<void>;
  /** What is missing on this machine: the file, or fields of it. */
  readonly problems: readonly SondeError[];
  /** Ends its rows. */
  close(): void;
}

export interface ProcfsServices {
  /** The processes that the probe watches now, for a path with `{pid}`. */
  watched(): Iterable<WatchedProcess>;
  /** Where procfs is mounted. Default `/proc`. */
  root?: string;
}

/** As in `ProcessFacts`. */
export interface WatchedProcess {
  id: IdentityId;
  pid: number;
  /** Nanoseconds since boot. */
  start: number;
}
