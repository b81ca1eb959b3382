// SPDX-License-Identifier: Apache-2.0

/** The type information of an object: a plain graph that survives `JSON.stringify`. */
export interface Btf {
  /** By id: `types[id].id === id`, and `types[0]` is `void`. */
  readonly types: readonly BtfType[];
}

export interface BtfMember {
  /** Empty for an anonymous struct or union. */
  name: string;
  type: number;
  bitOffset: number;
  /** Width of a bit field, 0 for any other member. */
  bitSize: number;
}

export interface BtfEnumValue {
  name: string;
  /** Rounded beyond 2^53. */
  value: number;
}

export interface BtfParameter {
  name: string;
  type: number;
}

/** One variable of a section. */
export interface BtfSectionVariable {
  type: number;
  offset: number;
  size: number;
}

/** One type. `type` is the id of the type it refers to; sizes are in bytes. */
export type BtfType = { id: number; name: string } & (
  | { kind: 'void' }
  | { kind: 'int'; size: number; bits: number; signed: boolean; char: boolean; bool: boolean }
  | { kind: 'float'; size: number }
  | { kind: 'ptr' | 'typedef' | 'volatile' | 'const' | 'restrict' | 'func' | 'type_tag'; type: number }
  | { kind: 'array'; type: number; index: number; length: number }
  | { kind: 'struct' | 'union'; size: number; members: BtfMember[] }
  /** Enumerations of up to 8 bytes (`BTF_KIND_ENUM` and `BTF_KIND_ENUM64` alike). */
  | { kind: 'enum'; size: number; signed: boolean; values: BtfEnumValue[] }
  | { kind: 'fwd'; union: boolean }
  | { kind: 'func_proto'; type: number; parameters: BtfParameter[] }
  | { kind: 'var'; type: number; linkage: 'static' | 'global' | 'extern' }
  | { kind: 'datasec'; size: number; variables: BtfSectionVariable[] }
  /** `__attribute__((btf_decl_tag("name")))` on `type`, or on its member or parameter number `component` (-1: on itself). */
  | { kind: 'decl_tag'; type: number; component: number }
);

export type BtfKind = BtfType['kind'];
