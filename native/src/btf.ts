// SPDX-License-Identifier: Apache-2.0
import type { Btf, BtfType } from './btf-types.ts';
import type { GlobalInfo } from './types.ts';

/** `BTF_KIND_…` by number. */
const KINDS = [
  'void', 'int', 'ptr', 'array', 'struct', 'union', 'enum', 'fwd', 'typedef', 'volatile', 'const', 'restrict', 'func',
  'func_proto', 'var', 'datasec', 'float', 'decl_tag', 'type_tag', 'enum64',
] as const;
const LINKAGE = ['static', 'global', 'extern'] as const;
const INT_SIGNED = 1;
const INT_CHAR = 2;
const INT_BOOL = 4;

/** The bytes are no BTF, or of a kind that is not known yet. */
export class BtfError extends Error {
  override readonly name = 'BtfError';
}

/** Decodes BTF in this machine's byte order, as `.BTF` holds it (linux/btf.h). No bytes are a BTF with `void` alone. @throws {@link BtfError} */
export function parseBtf(bytes: Uint8Array): Btf {
  const types: BtfType[] = [{ id: 0, name: '', kind: 'void' }];
  if (bytes.length === 0) return { types };
  try {
    const reader = new TypeReader(bytes);
    while (!reader.done) types.push(reader.next(types.length));
  } catch (error) {
    throw error instanceof RangeError ? new BtfError('its BTF ends too early', { cause: error }) : error;
  }
  return { types };
}

/** The variables of an object's data sections. */
export function globalsOf(btf: Btf): GlobalInfo[] {
  return btf.types.flatMap((section) => {
    if (section.kind !== 'datasec' || !/^\.(data|rodata|bss)(\.|$)/.test(section.name)) return [];
    return section.variables.flatMap(({ type, offset, size }): GlobalInfo[] => {
      const variable = btf.types[type];
      if (variable?.kind !== 'var') return [];
      return [{ name: variable.name, section: section.name, offset, size, type: variable.type }];
    });
  });
}

/** Walks the type section. */
class TypeReader {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [headerLength, typeOffset, typeLength, stringOffset, stringLength] = [4, 8, 12, 16, 20].map((at) =>
      this.#view.getUint32(at, true),
    ) as [number, number, number, number, number];
    this.#at = headerLength + typeOffset;
    this.#end = this.#at + typeLength;
    this.#strings = bytes.subarray(headerLength + stringOffset, headerLength + stringOffset + stringLength);
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  next(id: number): BtfType {
    const name = this.#name();
    const info = this.#u32();
    const sizeOrType = this.#u32();
    return { id, name, ...this.#details(info, sizeOrType) } as BtfType;
  }

  #details(info: number, sizeOrType: number): object {
    const kind = KINDS[(info >>> 24) & 31];
    const length = info & 0xffff;
    const flag = info >>> 31 === 1;
    switch (kind) {
      case 'int':
        return { kind, size: sizeOrType, ...this.#int() };
      case 'float':
        return { kind, size: sizeOrType };
      case 'ptr': case 'typedef': case 'volatile': case 'const': case 'restrict': case 'func': case 'type_tag':
        return { kind, type: sizeOrType };
      case 'array':
        return { kind, type: this.#u32(), index: this.#u32(), length: this.#u32() };
      case 'struct': case 'union':
        return { kind, size: sizeOrType, members: this.#times(length, () => this.#member(flag)) };
      case 'enum':
        return { kind, size: sizeOrType, signed: flag, values: this.#times(length, () => this.#enumValue(flag)) };
      case 'enum64':
        return { kind: 'enum', size: sizeOrType, signed: flag, values: this.#times(length, () => this.#enum64Value(flag)) };
      case 'fwd':
        return { kind, union: flag };
      case 'func_proto':
        return { kind, type: sizeOrType, parameters: this.#times(length, () => this.#parameter()) };
      case 'var':
        return { kind, type: sizeOrType, linkage: LINKAGE[this.#u32()] };
      case 'datasec':
        return { kind, size: sizeOrType, variables: this.#times(length, () => this.#variable()) };
      case 'decl_tag':
        return { kind, type: sizeOrType, component: this.#u32() | 0 };
      default:
        throw new BtfError(`its BTF has a type of the unknown kind ${(info >>> 24) & 31}`);
    }
  }

  #int() {
    const word = this.#u32();
    const encoding = (word >>> 24) & 15;
    return {
      bits: word & 0xff,
      signed: (encoding & INT_SIGNED) !== 0,
      char: (encoding & INT_CHAR) !== 0,
      bool: (encoding & INT_BOOL) !== 0,
    };
  }

  #member(bitFields: boolean) {
    const name = this.#name();
    const type = this.#u32();
    const offset = this.#u32();
    return bitFields
      ? { name, type, bitOffset: offset & 0xffffff, bitSize: offset >>> 24 }
      : { name, type, bitOffset: offset, bitSize: 0 };
  }

  #enumValue(signed: boolean) {
    const name = this.#name();
    const value = this.#u32();
    return { name, value: signed ? value | 0 : value };
  }

  #enum64Value(signed: boolean) {
    const name = this.#name();
    const low = this.#u32();
    const high = this.#u32();
    return { name, value: (signed ? high | 0 : high) * 2 ** 32 + low };
  }

  #parameter() {
    return { name: this.#name(), type: this.#u32() };
  }

  #variable() {
    return { type: this.#u32(), offset: this.#u32(), size: this.#u32() };
  }

  #times<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }

  #u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  #name(): string {
    const start = this.#u32();
    return Buffer.from(this.#strings.subarray(start, this.#strings.indexOf(0, start))).toString('utf8');
  }
}
