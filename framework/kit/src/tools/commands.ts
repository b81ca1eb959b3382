// SPDX-License-Identifier: Apache-2.0
import { buildCommand } from './build.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { typesCommand } from './types.ts';

/** What `sonde-probe` can do, in the order in which an author needs it. */
export const commands: Readonly<Record<string, Command>> = {
  build: {
    summary: 'compile the BPF source and the decoder of a package',
    help: `Compiles each bpf/<name>.bpf.c to dist/<name>.bpf.o with clang, and the decoder to dist/ with the
TypeScript compiler if the package has a tsconfig.json. Leaves alone what is up to date.`,
    json: false,
    run: (folders) => buildCommand(folders),
  },
  check: checkCommand,
  types: typesCommand,
};
