// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildDecoder } from '../../src/tools/build-decoder.ts';
import { buildObjects } from '../../src/tools/build-objects.ts';
import { parseDependencies } from '../../src/tools/build-stamp.ts';
import { findTool } from '../../src/tools/build-tools.ts';

const repository = resolve(import.meta.dirname, '../../../..');
const source = `#include <sonde/probe.h>
#include "own.h"
char LICENSE[] SEC("license") = "Dual BSD/GPL";
SEC("tracepoint/sched/sched_process_exit") int on_exit(void *context) { return !sonde_target_match() || OWN; }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sonde-build-'));
  write('bpf/probe.bpf.c', source);
  write('bpf/own.h', '#define OWN 0\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('An object has BTF and no DWARF, and no path of this machine', async () => {
  const [{ output, built } = { output: '', built: false }] = await buildObjects(folder);
  expect({ output, built }).toEqual({ output: join(folder, 'dist/probe.bpf.o'), built: true });
  const object = readFileSync(output, 'latin1');
  expect(object).toContain('.BTF');
  expect(object).not.toContain('.debug_info');
  expect(object).not.toContain(repository);
  expect(object).not.toContain(folder);
});

test('What has not changed is not built again, whatever its date says', async () => {
  await buildObjects(folder);
  utimesSync(join(folder, 'bpf/probe.bpf.c'), new Date(), new Date());
  expect(await buildObjects(folder)).toMatchObject([{ built: false }]);
});

test('A change of a source, of a header or of the output is followed', async () => {
  await buildObjects(folder);
  write('bpf/own.h', '#define OWN 1\n');
  expect(await buildObjects(folder)).toMatchObject([{ built: true }]);
  write('bpf/probe.bpf.c', `${source}\n`);
  expect(await buildObjects(folder)).toMatchObject([{ built: true }]);
  rmSync(join(folder, 'dist'), { recursive: true });
  expect(await buildObjects(folder)).toMatchObject([{ built: true }]);
});

test('An error says where it is, and leaves the object that was there', async () => {
  await buildObjects(folder);
  write('bpf/own.h', '\n#define OWN ;\n');
  write('bpf/probe.bpf.c', source.replace('OWN', 'UNKNOWN'));
  await expect(buildObjects(folder)).rejects.toMatchObject({
    code: 'SONDE_BUILD_FAILED',
    place: { file: join(folder, 'bpf/probe.bpf.c'), line: 4 },
    message: expect.stringContaining("use of undeclared identifier 'UNKNOWN'"),
  });
  expect(existsSync(join(folder, 'dist/probe.bpf.o'))).toBe(true);
});

test('A missing header of libbpf is told with what to install', async () => {
  write('bpf/probe.bpf.c', '#include <bpf/no_such_header.h>\n');
  await expect(buildObjects(folder)).rejects.toMatchObject({ code: 'SONDE_BUILD_FAILED', hint: expect.stringContaining('libbpf-dev') });
});

test('A tool is found by its own name first, then by its highest version', () => {
  const tools = join(folder, 'tools');
  for (const name of ['clang-9', 'clang-14', 'clang-format-15']) write(`tools/${name}`, '', 0o755);
  expect(findTool('clang', `/nowhere:${tools}`)).toBe(join(tools, 'clang-14'));
  write('tools/clang', '', 0o755);
  expect(findTool('clang', tools)).toBe(join(tools, 'clang'));
});

test('A missing tool is told with what to install', () => {
  expect(() => findTool('llvm-strip', folder)).toThrow(
    expect.objectContaining({ code: 'SONDE_BUILD_TOOL_MISSING', hint: 'Install it: apt-get install llvm libbpf-dev.' }),
  );
});

test('A decoder is compiled by the TypeScript of its package', async () => {
  expect(await buildDecoder(folder)).toBe(false);
  write('tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext', outDir: 'dist', rootDir: 'src', types: [] } }));
  write('src/decoder.ts', 'export const answer: number = 42;\n');
  await expect(buildDecoder(folder)).rejects.toMatchObject({ code: 'SONDE_BUILD_TOOL_MISSING' });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(repository, 'node_modules/typescript'), join(folder, 'node_modules/typescript'));
  expect(await buildDecoder(folder)).toBe(true);
  expect(readFileSync(join(folder, 'dist/decoder.js'), 'utf8')).toContain('answer = 42');
  write('src/decoder.ts', 'export const answer: number = "42";\n');
  await expect(buildDecoder(folder)).rejects.toMatchObject({
    code: 'SONDE_BUILD_FAILED',
    place: { file: join(folder, 'src/decoder.ts'), line: 1 },
  });
});

test('Dependency files are read with their continued lines and escaped spaces', () => {
  expect(parseDependencies('out.o: a.c \\\n  /usr/include/b.h \\\n  my\\ own.h\n')).toEqual(['a.c', '/usr/include/b.h', 'my own.h']);
});

function write(path: string, text: string, mode?: number): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}
