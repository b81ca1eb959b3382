#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { asSondeError, sondeError } from '../errors/index.ts';
import { buildCommand } from './build.ts';

/** The subcommands of `sonde-probe`: each takes its arguments, prints, and throws a SondeError. */
const commands: Record<string, { run(args: readonly string[]): Promise<void>; usage: string }> = {
  build: { run: buildCommand, usage: 'build [folder]…    compile bpf/*.bpf.c and the decoder to dist/' },
};

const usage = ['Usage: sonde-probe <command>', ...Object.values(commands).map(({ usage }) => `  ${usage}`)].join('\n');

const [name = '--help', ...args] = process.argv.slice(2);
try {
  if (name === '--help' || args.includes('--help')) console.log(usage);
  else await commandNamed(name).run(args);
} catch (thrown) {
  const error = asSondeError(thrown);
  console.error(error.format());
  process.exitCode = error.entry.exit;
}

function commandNamed(wanted: string): (typeof commands)[string] {
  const command = commands[wanted];
  if (!command) throw sondeError('SONDE_USAGE', { problem: `there is no command ${wanted}`, command: 'sonde-probe' });
  return command;
}
