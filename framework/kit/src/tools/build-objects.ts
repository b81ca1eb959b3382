// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sondeError } from '../errors/index.ts';
import { isUpToDate, parseDependencies, writeStamp } from './build-stamp.ts';
import { findTool } from './build-tools.ts';

const run = promisify(execFile);

/** The folder to give to clang as `-I` for `#include <sonde/…>`. */
const kitInclude = resolve(import.meta.dirname, '../../include');

/** libbpf's name of the machine for `PT_REGS_PARM1` and the like, and where Debian keeps `<asm/…>`. */
const machines: Record<string, { target: string; headers: string }> = {
  x64: { target: 'x86', headers: '/usr/include/x86_64-linux-gnu' },
  arm64: { target: 'arm64', headers: '/usr/include/aarch64-linux-gnu' },
};

/** One file that a build makes. */
export interface BuiltFile {
  /** Absolute path. */
  output: string;
  /** False if it was up to date. */
  built: boolean;
}

/**
 * Compiles each `bpf/<name>.bpf.c` of a package to `dist/<name>.bpf.o`, with BTF and without DWARF.
 * What is up to date is left alone; a failed compilation leaves the object that was there.
 * @throws SONDE_BUILD_TOOL_MISSING, SONDE_BUILD_FAILED with all that the compiler said
 */
export async function buildObjects(folder: string): Promise<BuiltFile[]> {
  const sources = globSync('bpf/*.bpf.c', { cwd: folder }).sort();
  return Promise.all(sources.map((source) => buildObject(resolve(folder), source)));
}

async function buildObject(folder: string, source: string): Promise<BuiltFile> {
  const name = basename(source, '.bpf.c');
  const output = join(folder, 'dist', `${name}.bpf.o`);
  const stampFile = join(folder, 'node_modules/.cache/sonde-probe', `${name}.json`);
  const command = [findTool('clang'), ...compilerFlags(folder), source];
  if (isUpToDate(output, stampFile, command)) return { output, built: false };

  mkdirSync(join(folder, 'dist'), { recursive: true });
  const temporary = mkdtempSync(join(folder, 'dist', `.${name}-`));
  try {
    const object = join(temporary, 'object.o');
    const dependencies = join(temporary, 'object.d');
    await compile(folder, source, [...command, '-MD', '-MF', dependencies, '-o', object]);
    await run(findTool('llvm-strip'), ['-g', object]);
    const inputs = parseDependencies(readFileSync(dependencies, 'utf8')).map((file) => resolve(folder, file));
    renameSync(object, output);
    writeStamp(stampFile, command, inputs);
  } finally {
    rmSync(temporary, { recursive: true });
  }
  return { output, built: true };
}

/** The prefix maps keep this machine's paths out of the object, whose line table is published with the package. */
function compilerFlags(folder: string): string[] {
  const machine = machines[process.arch];
  return [
    ...['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-Wall', '-c'],
    ...(machine ? [`-D__TARGET_ARCH_${machine.target}`, '-idirafter', machine.headers] : []),
    ...['-I', kitInclude, `-ffile-prefix-map=${kitInclude}=@sonde/kit/include`, `-ffile-prefix-map=${folder}=.`],
  ];
}

async function compile(folder: string, source: string, [clang = '', ...flags]: string[]): Promise<void> {
  try {
    const { stderr } = await run(clang, flags, { cwd: folder });
    process.stderr.write(stderr);
  } catch (cause) {
    const log = (cause as { stderr?: string }).stderr?.trim() || String(cause);
    throw sondeError('SONDE_BUILD_FAILED', { source, log, advice: adviceOn(log) }, { place: placeOf(folder, source, log), cause });
  }
}

/** The first error of clang, as `bpf/a.bpf.c:12:3: error: …`. */
function placeOf(folder: string, source: string, log: string): { file: string; line?: number; column?: number } {
  const [, file, line, column] = /^(\S+?):(\d+):(\d+): (?:fatal )?error:/m.exec(log) ?? [];
  if (!file) return { file: join(folder, source) };
  return { file: resolve(folder, file), line: Number(line), column: Number(column) };
}

function adviceOn(log: string): string | undefined {
  const [, header] = /'([^']+)' file not found/.exec(log) ?? [];
  if (header?.startsWith('bpf/')) return 'Install the headers of libbpf: apt-get install libbpf-dev';
  if (header?.startsWith('linux/') || header?.startsWith('asm/')) {
    return 'Install the headers of the kernel interface: apt-get install linux-libc-dev';
  }
  return undefined;
}

/** A built file as a person reads it: relative to the working directory. */
export function formatBuilt({ output, built }: BuiltFile): string {
  return `${built ? 'built     ' : 'up to date'}  ${relative(process.cwd(), output) || output}`;
}
