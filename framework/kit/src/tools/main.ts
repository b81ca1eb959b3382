#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { asSondeError, sondeError } from '../errors/index.ts';
import { nearest, quoteNames } from '../input/index.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';

const json = process.argv.includes('--json');
try {
  await main(process.argv.slice(2));
} catch (thrown) {
  const error = asSondeError(thrown);
  if (json) console.log(JSON.stringify({ error }, null, 2));
  else console.error(error.format());
  process.exitCode = error.entry.exit;
}

async function main([name = '--help', ...args]: string[]): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help') {
    console.log(usage());
    return;
  }
  const command = find(name);
  const { values, positionals } = parse(name, command, args);
  if (values['help']) console.log(help(name, command));
  else await command.run(positionals.length > 0 ? positionals : ['.'], { json });
}

function find(name: string): Command {
  const command = commands[name];
  if (command) return command;
  const [near] = nearest(name, Object.keys(commands));
  const problem = `there is no command '${name}'${near ? `; did you mean '${near}'?` : ''}`;
  throw sondeError('SONDE_USAGE', { problem, command: 'sonde-probe' });
}

function parse(name: string, command: Command, args: string[]) {
  const help = { type: 'boolean', short: 'h' } as const;
  const json = { type: 'boolean' } as const;
  try {
    return parseArgs({ args, allowPositionals: true, options: { help, ...(command.json && { json }) } });
  } catch (cause) {
    const problem = (cause as Error).message.split('. ', 1)[0] ?? '';
    throw sondeError('SONDE_USAGE', { problem, command: `sonde-probe ${name}` }, { cause });
  }
}

function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `sonde-probe: tools for the author of a Sonde probe

Usage: sonde-probe <command> [options] [folder]…

${list.join('\n')}

A folder is that of a probe package, with probe.yaml in it; the working directory if none is given.
\`sonde-probe <command> --help\` says more about ${quoteNames(Object.keys(commands))}.`;
}

function help(name: string, { summary, help: text, json }: Command): string {
  const options = ['  -h, --help  show this', ...(json ? ['  --json      print JSON, for programs'] : [])];
  return `sonde-probe ${name}: ${summary}

Usage: sonde-probe ${name} [options] [folder]…

${text}

${options.join('\n')}`;
}
