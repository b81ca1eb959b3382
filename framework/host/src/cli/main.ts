#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { asSondeError, nearest, quoteNames } from '@sonde/kit';
import { commonOptions, parseArguments, usageError } from './arguments.ts';
import { HostClient } from './client.ts';
import type { Command } from './command.ts';
import { commandHelp, overview } from './help.ts';
import { Output } from './output.ts';

/** Each command is only loaded when it is called. */
const commands: Record<string, { summary: string; load(): Promise<{ command: Command }> }> = {
  run: { summary: 'Run a host', load: () => import('./commands/run.ts') },
  ps: { summary: 'List the probes', load: () => import('./commands/ps.ts') },
  show: {
    summary: 'Show one probe: programs, maps, settings and where they came from',
    load: () => import('./commands/show.ts'),
  },
  start: { summary: 'Start probes', load: () => import('./commands/start.ts') },
  stop: { summary: 'Stop probes', load: () => import('./commands/stop.ts') },
  restart: { summary: 'Stop probes and start them again', load: () => import('./commands/restart.ts') },
  set: { summary: 'Change settings of a running probe', load: () => import('./commands/set.ts') },
  unset: { summary: 'Go back to what sonde.yaml says', load: () => import('./commands/unset.ts') },
  targets: { summary: 'List who a probe watches, and by which rule', load: () => import('./commands/targets.ts') },
  check: { summary: 'Check a sonde.yaml or a probe package', load: () => import('./commands/check.ts') },
  doctor: {
    summary: 'Say what this machine lacks, and what to do about it',
    load: () => import('./commands/doctor.ts'),
  },
  sinks: { summary: 'List the sinks: whether they deliver, and what waits', load: () => import('./commands/sinks.ts') },
  events: { summary: 'Follow events as they happen', load: () => import('./commands/events.ts') },
  metrics: { summary: 'Print the metrics of the host', load: () => import('./commands/metrics.ts') },
};

// Whoever reads us may stop early, as `head` does.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

const [name = '--help', ...line] = process.argv.slice(2);
const isJson = line.includes('--json');
try {
  process.exitCode = await main();
} catch (thrown) {
  const error = asSondeError(thrown);
  process.stderr.write(`${isJson ? JSON.stringify(error) : error.format()}\n`);
  if (error.code === 'SONDE_INTERNAL') console.error(error.cause);
  process.exitCode = error.entry.exit;
}

async function main(): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview(commands));
    return 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    const meant = quoteNames(nearest(name, Object.keys(commands)));
    throw usageError(`there is no command '${name}'${meant && `; did you mean ${meant}?`}`, 'sonde');
  }
  const { command } = await entry.load();
  const { args, options } = parseArguments(line, { ...command.options, ...commonOptions }, `sonde ${name}`);
  if (options['help']) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  const client = new HostClient(String(options['socket'] ?? '/run/sonde/sonde.sock'));
  return (await command.run({ args, options, client, output: new Output(isJson) })) ?? 0;
}
