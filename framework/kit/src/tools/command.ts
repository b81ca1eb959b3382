// SPDX-License-Identifier: Apache-2.0

/** A subcommand of `sonde-probe`. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** What `--help` teaches: what it does, what it prints, an example. */
  help: string;
  /** Whether it can print JSON. */
  json: boolean;
  /**
   * Does it for each folder, and prints.
   * @throws SondeError, which is printed and decides the exit code
   */
  run(folders: readonly string[], options: { json: boolean }): Promise<void>;
}
