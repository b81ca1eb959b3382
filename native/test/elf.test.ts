// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { symbolOffset, symbols } from '../src/elf.ts';
import { testFile } from './harness/files.ts';

test('symbols agree with nm', async () => {
  const path = testFile('ticker');
  const found = await symbols(path);
  const lines = execFileSync('nm', ['--defined-only', path], { encoding: 'utf8' }).trim().split('\n');
  for (const name of ['tick', 'tock', 'main']) {
    const address = parseInt(lines.find((line) => line.endsWith(` ${name}`))!, 16);
    const symbol = found.find((each) => each.name === name)!;
    expect(symbol).toMatchObject({ address, type: 'func' });
    expect(symbol.size).toBeGreaterThan(0);
    expect(await symbolOffset(path, name)).toBe(symbol.fileOffset);
  }
});

test('symbols of a stripped library with versions are found by their plain name', async () => {
  const libc = execFileSync('ldd', ['/bin/sh'], { encoding: 'utf8' }).match(/\S*\/libc\.so\.6/)![0];
  expect(await symbolOffset(libc, 'getaddrinfo')).toBeGreaterThan(0);
});

test('undefined symbols and missing files are refused', async () => {
  await expect(symbolOffset(testFile('ticker'), 'nothing')).rejects.toMatchObject({ code: 'UNKNOWN_SYMBOL' });
  await expect(symbolOffset(testFile('ticker'), 'printf')).rejects.toMatchObject({ code: 'UNKNOWN_SYMBOL' });
  await expect(symbols('/no/such/file')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(symbols('/etc/passwd')).rejects.toMatchObject({ code: 'CORRUPT' });
});

test('a file that is cut short while it is read is an error or read in part, and ends nobody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-elf-'));
  const cut = join(folder, 'cut');
  // large enough to be cut in the middle
  for (const delay of [2, 20, 60]) {
    copyFileSync(process.execPath, cut);
    const reading = symbols(cut).then(
      () => 'read',
      ({ code }) => code as string,
    );
    await sleep(delay);
    truncateSync(cut, 4096);
    expect(['read', 'CORRUPT', 'READ']).toContain(await reading);
  }
  rmSync(folder, { recursive: true });
});

test('a pipe where a file should be is not waited for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-elf-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(symbols(join(folder, 'pipe'))).rejects.toMatchObject({ code: 'CORRUPT' });
  rmSync(folder, { recursive: true });
});
