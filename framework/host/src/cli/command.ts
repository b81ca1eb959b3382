// SPDX-License-Identifier: Apache-2.0
import type { HostClient } from './client.ts';
import type { Output } from './output.ts';

/** An option of a command; `value` names what it takes, and is absent for a switch. */
export interface Option {
  short?: string;
  value?: string;
  help: string;
}

/** What a command is run with. */
export interface Invocation {
  /** What is no option. */
  args: string[];
  /** Switches are true if given. */
  options: Record<string, string | boolean | undefined>;
  client: HostClient;
  output: Output;
}

/** One subcommand of `sonde`. */
export interface Command {
  /** What follows `sonde`, such as `show <probe>`. */
  usage: string;
  /** What it does, in a few sentences. */
  help: string;
  options?: Record<string, Option>;
  /** Command lines and what they do. */
  examples: readonly (readonly [line: string, meaning: string])[];
  /** @returns the exit code, 0 if nothing is returned */
  run(invocation: Invocation): Promise<number | void>;
}
