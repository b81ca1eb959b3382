// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { NativeError } from '../src/errors.ts';
import { explainLoadFailure } from '../src/load-failure.ts';
import { openObject } from '../src/object.ts';
import { runUnprivileged } from './harness/child.ts';
import { testFile } from './harness/files.ts';
import { open } from './harness/objects.ts';

/** Opens the object of refused programs with one of them and, unless told, without its bad map. */
async function refused(program: string, { badMap = false } = {}) {
  const object = await open('refused');
  for (const { name } of object.programs) object.setProgramAutoload(name, name === program);
  object.setMapAutocreate('roomless', badMap);
  return object;
}

function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-native-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a program that the verifier refuses is named, with its whole log and the last words of it', async () => {
  const error: NativeError = await (await refused('without_check')).load().then(() => expect.unreachable(), (reason) => reason);
  expect(error).toMatchObject({
    code: 'LOAD',
    errnoName: 'EACCES',
    program: 'without_check',
    summary: expect.stringContaining("R0 invalid mem access 'map_value_or_null'"),
  });
  expect(error.summary!.split('; ')).toHaveLength(2);
  expect(error.log).toContain('processed ');
  expect(error.message).toContain(error.summary);
});

test('a tracepoint that this kernel lacks is told as such', async () => {
  await expect((await refused('without_hook')).load()).rejects.toMatchObject({
    code: 'LOAD',
    errnoName: 'ESRCH',
    program: 'without_hook',
    summary: expect.stringContaining('no_such_tracepoint'),
  });
});

test('a map that the kernel refuses is named', async () => {
  await expect((await refused('harmless', { badMap: true })).load()).rejects.toMatchObject({
    code: 'LOAD',
    errnoName: 'EINVAL',
    map: 'roomless',
  });
});

test('without what was refused the object loads, once it is opened again', async () => {
  const failed = await refused('without_check');
  await failed.load().catch(() => {});
  await failed.close();
  const object = await refused('harmless');
  await object.load();
  expect(object.programStats()).toHaveLength(1);
});

test('a file that is not there and files that are no BPF objects are told apart', async () => {
  const folder = scratch();
  const text = join(folder, 'text.o');
  writeFileSync(text, 'no ELF file at all\n');
  const cut = join(folder, 'cut.o');
  copyFileSync(testFile('maps.bpf.o'), cut);
  truncateSync(cut, 1000);
  await expect(openObject(join(folder, 'nothing.o'))).rejects.toMatchObject({ code: 'NOT_FOUND', errnoName: 'ENOENT' });
  for (const path of [text, cut, '/bin/true', folder]) {
    await expect(openObject(path)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(path) });
  }
});

test('an object with damaged BTF is corrupt', async () => {
  const bytes = readFileSync(testFile('globals.bpf.o'));
  const magic = bytes.indexOf(Buffer.from([0x9f, 0xeb, 0x01, 0x00, 0x18]));
  bytes.fill(0xff, magic, magic + 24);
  const path = join(scratch(), 'damaged.o');
  writeFileSync(path, bytes);
  await expect(openObject(path)).rejects.toMatchObject({ code: 'CORRUPT' });
});

test('objects with bytes changed anywhere open or are corrupt, and harm nobody', async () => {
  const bytes = readFileSync(testFile('hooks.bpf.o'));
  const path = join(scratch(), 'changed.o');
  const codes = new Set<string>();
  for (let round = 0; round < 400; round++) {
    const changed = Buffer.from(bytes);
    for (let change = 0; change <= round % 5; change++) {
      changed[(round * 7919 + change * 104_729) % changed.length] = (round * 31 + change * 17) % 256;
    }
    writeFileSync(path, changed);
    const code = await openObject(path).then(
      (object) => object.close().then(() => 'open'),
      (error: NativeError) => error.code,
    );
    codes.add(code);
  }
  expect([...codes].sort()).toEqual(['CORRUPT', 'open']);
});

test('BTF that is missing where an object relocates against it is told as such', async () => {
  const object = await openObject(testFile('hooks.bpf.o'), { kernelBtf: '/no/such/btf' });
  onTestFinished(() => object.close());
  for (const { name } of object.programs) object.setProgramAutoload(name, name === 'on_tracepoint');
  await expect(object.load()).rejects.toMatchObject({ code: 'NO_KERNEL_BTF' });
});

test.each([
  ['libbpf: kernel BTF is missing at \'/sys/kernel/btf/vmlinux\', was CONFIG_DEBUG_INFO_BTF enabled?\nlibbpf: failed to find valid kernel BTF\nlibbpf: Error loading vmlinux BTF: -3\nlibbpf: failed to load object \'x\'\n'],
])('the words of a kernel without BTF are understood', (log) => {
  expect(explainLoadFailure(new NativeError('LOAD', 'x', 3, { log })).code).toBe('NO_KERNEL_BTF');
});

test('without privileges an object opens but does not load, and features are not guessed', async () => {
  const script = `
    import { features, openObject } from './dist/index.js';
    const object = await openObject(process.argv[2]);
    const error = await object.load().then(() => 'loaded', (reason) => reason);
    const { batchOps, mapTypes } = await features();
    console.log(JSON.stringify({ code: error.code, errnoName: error.errnoName, batchOps, hash: mapTypes.hash }));`;
  const answer = await runUnprivileged(script, [testFile('globals.bpf.o')]);
  expect(JSON.parse(answer)).toEqual({ code: 'PERMISSION', errnoName: 'EPERM' });
});
