// SPDX-License-Identifier: Apache-2.0
import { addon } from './addon.ts';
import type { ElfSymbol } from './types.ts';

/** All defined symbols of an ELF file (`.symtab` and `.dynsym`), by address, without versions. @throws `NOT_FOUND`, `CORRUPT` */
export async function symbols(path: string): Promise<ElfSymbol[]> {
  return await addon.elf.symbols(path);
}

/** Where in the file a symbol lies: what a uprobe takes. @throws `NOT_FOUND`, `CORRUPT`, `UNKNOWN_SYMBOL` */
export async function symbolOffset(path: string, name: string): Promise<number> {
  return await addon.elf.symbolOffset(path, name);
}
