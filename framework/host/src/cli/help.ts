// SPDX-License-Identifier: Apache-2.0
import { commonOptions } from './arguments.ts';
import type { Command, Option } from './command.ts';
import { paint } from './output.ts';

/** What `sonde --help` prints. */
export function overview(commands: Record<string, { summary: string }>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return sections(
    'Sonde runs eBPF probes on this machine. `sonde run` is the host; the other commands speak to it.',
    [heading('Usage'), '  sonde <command> [options]'],
    [heading('Commands'), ...lines],
    [
      heading('First steps'),
      ...examples([
        ['sonde doctor', 'see whether this machine can run probes'],
        ['sonde run --config sonde.yaml', 'run a host'],
        ['sonde ps', 'see its probes'],
        ['sonde <command> --help', 'learn more, with examples'],
      ]),
    ],
  );
}

/** What `sonde <command> --help` prints. */
export function commandHelp({ usage, help, options, examples: lines }: Command): string {
  return sections(
    wrapped(help),
    [heading('Usage'), `  sonde ${usage}`],
    [heading('Options'), ...describe({ ...options, ...commonOptions })],
    [heading('Examples'), ...examples(lines)],
  );
}

function sections(first: string, ...others: string[][]): string {
  return `${[first, ...others.map((lines) => lines.join('\n'))].join('\n\n')}\n`;
}

/** Text in lines of at most 96 characters. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,96})(?:\s+|$)/g, '$1\n').trimEnd();
}

function heading(text: string): string {
  return paint('bold', text);
}

function describe(options: Record<string, Option>): string[] {
  const flags = Object.entries(options).map(([name, { short, value }]) =>
    [short ? `-${short}, ` : '    ', `--${name}`, value ? ` <${value}>` : ''].join(''),
  );
  const width = Math.max(...flags.map((flag) => flag.length));
  return Object.values(options).map(({ help }, i) => `  ${flags[i]!.padEnd(width)}  ${help}`);
}

function examples(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([line]) => line.length));
  return lines.map(([line, meaning]) => `  ${line.padEnd(width)}  ${paint('dim', `# ${meaning}`)}`);
}
