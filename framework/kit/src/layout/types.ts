// SPDX-License-Identifier: Apache-2.0

/** Typedefs and structs of `<sonde/types.h>` that say what a field means. */
export type Meaning =
  | 'process'
  | 'histogram'
  | 'sizeHistogram'
  | 'ns'
  | 'cgroup'
  | 'ip'
  | 'port'
  | 'portBe'
  | 'ifindex'
  | 'netns'
  | 'dev'
  | 'errno'
  | 'comm'
  | 'stack';

/**
 * What a field holds: an unsigned or signed integer, a float, a boolean, text in a char array, an enum, a struct or
 * union, a pointer, or one of the kit's meanings.
 */
export type FieldKind = 'u' | 'i' | 'f' | 'bool' | 'chars' | 'enum' | 'struct' | 'pointer' | Meaning;

/** Where a field lies and how to read it. */
export interface FieldLayout {
  /** Bytes from the start of the type that the path began in. */
  offset: number;
  /** Bytes of one element. */
  size: number;
  kind: FieldKind;
  /** Elements; more than 1 for an array that was not indexed (chars count as one element). */
  count: number;
  /** Whether the underlying integer is signed. */
  signed: boolean;
  /** Only for a bit field: its bits, counted from the lowest of the byte at `offset`. */
  bits?: { shift: number; width: number };
  /** Only for an enum. */
  values?: readonly { name: string; value: number }[];
  /** BTF id of the type of one element, without typedefs and qualifiers. */
  type: number;
  /** The type as C writes it, for messages: `struct sonde_process`, `u64[104]`. */
  typeName: string;
}
