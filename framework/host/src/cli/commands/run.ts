// SPDX-License-Identifier: Apache-2.0
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'run [--config <file>]',
  help:
    'Runs a host in the foreground until SIGTERM or SIGINT. It starts the probes of the configuration, serves ' +
    'their metrics and takes commands. The configuration is read again when its file changes or on SIGHUP; a bad ' +
    'one never replaces a good one.',
  options: { config: { short: 'c', value: 'file', help: 'Configuration (default /etc/sonde/sonde.yaml)' } },
  examples: [
    ['sonde run', 'run with /etc/sonde/sonde.yaml'],
    ['sonde run --config ./sonde.yaml', 'run with another configuration'],
  ],
  async run({ args, options }) {
    expectArguments(args, [], 'sonde run');
    const ended = nextSignal('SIGTERM', 'SIGINT');
    const configFile = String(options['config'] ?? '/etc/sonde/sonde.yaml');
    const starting = import('../../host.ts').then(({ startHost }) => startHost({ configFile, log }));
    // from the beginning, since by default it ends a process
    process.on('SIGHUP', () => void starting.then((host) => host.reload(), () => {}));
    const host = await starting;
    for (const place of host.where) log('info', place);
    log('info', `${await ended}: stopping`);
    if (!(await host.stop())) process.kill(process.pid, 'SIGKILL');
  },
};

function nextSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(signal));
  });
}

/** Standard output is for a log sink that writes there. */
function log(severity: 'info' | 'warn' | 'error', message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${severity.padEnd(5)} ${message}\n`);
}
