// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { nearest, quoteNames, sondeError, type SondeError } from '@sonde/kit';
import type { Option } from './command.ts';

/** Options that every command has. */
export const commonOptions: Record<string, Option> = {
  socket: { value: 'path', help: 'Socket of the host (default /run/sonde/sonde.sock)' },
  json: { help: 'Print JSON' },
  help: { short: 'h', help: 'Explain the command' },
};

/**
 * Takes a command line apart.
 * @param command as the user wrote it, for the error
 * @throws SONDE_USAGE
 */
export function parseArguments(
  line: readonly string[],
  options: Record<string, Option>,
  command: string,
): { args: string[]; options: Record<string, string | boolean | undefined> } {
  const config = Object.entries(options).map(([name, { short, value }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string', ...(short && { short }) } as const,
  ]);
  try {
    const { values, positionals } = parseArgs({
      args: [...line],
      options: Object.fromEntries(config),
      allowPositionals: true,
    });
    return { args: positionals, options: values as Record<string, string | boolean | undefined> };
  } catch (cause) {
    throw usageError(explain(cause as Error, Object.keys(options)), command);
  }
}

/** @param command such as `sonde show` */
export function usageError(problem: string, command: string): SondeError {
  return sondeError('SONDE_USAGE', { problem, command });
}

/** @throws SONDE_USAGE if there are fewer than the names say, or more; a last name with `…` stands for one or more */
export function expectArguments(args: readonly string[], names: readonly string[], command: string): void {
  const missing = names[args.length];
  if (missing !== undefined) throw usageError(`${missing} is missing`, command);
  const isOpen = names.at(-1)?.endsWith('…') ?? false;
  if (!isOpen && args.length > names.length)
    throw usageError(`there is one argument too many: ${args[names.length]}`, command);
}

function explain({ message }: Error, names: string[]): string {
  const [, unknown] = /Unknown option '--?([^']+)'/.exec(message) ?? [];
  if (unknown === undefined) return message;
  const meant = quoteNames(nearest(unknown, names).map((name) => `--${name}`));
  return `there is no option --${unknown}${meant && `; did you mean ${meant}?`}`;
}
