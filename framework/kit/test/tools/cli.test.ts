// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goodManifest } from '../manifest/problems-of.ts';

const program = path.join(import.meta.dirname, '../../dist/tools/main.js');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sonde-probe-'));
  await mkdir(path.join(folder, 'bpf'));
  await mkdir(path.join(folder, 'dist'));
  await cp(path.join(import.meta.dirname, '../manifest/fixtures/sample.bpf.c'), path.join(folder, 'bpf/sample.bpf.c'));
  await writeFile(path.join(folder, 'probe.yaml'), goodManifest);
  await writeFile(path.join(folder, 'dist/decoder.js'), 'export default () => ({});\n');
  await sondeProbe('build', folder);
});
afterAll(() => rm(folder, { recursive: true }));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command without permission to make code from strings, as the host runs. */
function sondeProbe(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disallow-code-generation-from-strings', program, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** Checks the package with another manifest. */
async function checkWith(manifest: string, ...options: string[]): Promise<Result> {
  await writeFile(path.join(folder, 'probe.yaml'), manifest);
  const result = await sondeProbe('check', ...options, folder);
  await writeFile(path.join(folder, 'probe.yaml'), goodManifest);
  return result;
}

test('check finds nothing wrong with a package that fits its object', async () => {
  expect(await sondeProbe('check', folder)).toEqual({
    code: 0,
    stdout: 'sample: nothing is wrong (1 collector, 5 metrics, 1 event, 1 kind of span)\n',
    stderr: '',
  });
});

test('check names each problem with its place and a hint, and exits with 3', async () => {
  const { code, stdout, stderr } = await checkWith(
    goodManifest.replace('value: count', 'value: cuont').replace('on_tp', 'on_pt'),
  );
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr.split('\n').filter((line) => !line.startsWith('    '))).toEqual([
    `${folder}/probe.yaml:16:24 (/collectors/calls/programs/enter/any/1/program): the object has no program 'on_pt' [SONDE_MANIFEST_PROGRAM]`,
    expect.stringContaining("struct call has no field 'cuont' [SONDE_LAYOUT_FIELD]"),
    '',
  ]);
  expect(stderr).toContain("\n    Did you mean 'count'?");
});

test('check --json says the same to programs', async () => {
  const { code, stdout, stderr } = await checkWith(goodManifest.replace('fold: max', 'fold: mx'), '--json');
  expect([code, stderr]).toEqual([3, '']);
  expect(JSON.parse(stdout)).toEqual([
    {
      folder,
      ok: false,
      problems: [
        expect.objectContaining({
          code: 'SONDE_INPUT_VALUE',
          place: {
            file: `${folder}/probe.yaml`,
            line: 27,
            column: 64,
            pointer: '/entities/sample.call/metrics/sample.size/fold',
          },
        }),
      ],
    },
  ]);
});

test('check says that a package was not built', async () => {
  const { stderr } = await checkWith(goodManifest.replace('dist/sample.bpf.o', 'dist/other.bpf.o'));
  expect(stderr).toMatch(/probe\.yaml:4:9 \(\/object\): .*no such file \[SONDE_PACKAGE_FILE_MISSING\]/);
  const { stderr: decoder } = await checkWith(goodManifest.replace('dist/decoder.js', 'dist/decoded.js'));
  expect(decoder).toMatch(/probe\.yaml:5:10 \(\/decoder\): .*\[SONDE_PACKAGE_FILE_MISSING\]/);
});

test('check says that an object is corrupt', async () => {
  await writeFile(path.join(folder, 'dist/corrupt.bpf.o'), 'no ELF');
  const { code, stderr } = await checkWith(goodManifest.replace('dist/sample.bpf.o', 'dist/corrupt.bpf.o'));
  expect(code).toBe(3);
  expect(stderr).toMatch(/probe\.yaml:4:9 \(\/object\): .*\[SONDE_OBJECT_CORRUPT\]/);
});

test('types writes what the maps and records of the object hold', async () => {
  const { code } = await sondeProbe('types', folder);
  expect(code).toBe(0);
  const text = await readFile(path.join(folder, 'src/bpf.d.ts'), 'utf8');
  expect(text).toContain("/** sonde_ns_t, byte 32 */ 'duration': number;");
  expect(text).toContain('/** u64[4], byte 72 */ [element: `per_kind[${number}]`]: number;');
  expect(text).toContain("/** sonde_comm_t, byte 56 */ 'comm': string;");
  expect(text).not.toContain('sonde_targets');
});

test('the types hold what the layouts of a decoder read', async () => {
  await writeFile(
    path.join(folder, 'src/uses.ts'),
    `import type { Maps, Structs } from './bpf.d.ts';
export const paths: (keyof Maps['calls']['value'])[] = ['count', 'per_kind[3]'];
export const duration: Structs['slow_call']['duration'] = 1;
// @ts-expect-error there is no such field
export const wrong: keyof Structs['slow_call'] = 'duratoin';
`,
  );
  const tsc = path.resolve(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--allowImportingTsExtensions', '--types', ''];
  const errors = await new Promise((resolve) => {
    execFile(process.execPath, [tsc, ...flags, path.join(folder, 'src/uses.ts')], { cwd: folder }, (_, stdout) =>
      resolve(stdout),
    );
  });
  expect(errors).toBe('');
});

test('help lists what there is, and nothing else', async () => {
  const { code, stdout } = await sondeProbe('--help');
  expect(code).toBe(0);
  expect([...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name)).toEqual(['build', 'check', 'types']);
  const { stdout: check } = await sondeProbe('check', '--help');
  expect(check).toMatch(/Exit code 0 if nothing is wrong/);
});

test.each([
  [['chekc'], "there is no command 'chekc'; did you mean 'check'?"],
  [['check', '--jsn'], "Unknown option '--jsn'"],
  [['build', '--json'], "Unknown option '--json'"],
])('sonde-probe %j is wrong usage, with 2 as its exit code', async (args, message) => {
  const { code, stdout, stderr } = await sondeProbe(...args);
  expect(code).toBe(2);
  expect(stdout + stderr).toContain(message);
  expect(stdout + stderr).toContain('SONDE_USAGE');
});
