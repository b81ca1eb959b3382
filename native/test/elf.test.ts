// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
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
