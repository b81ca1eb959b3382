// SPDX-License-Identifier: Apache-2.0
import type { Btf, BtfType } from '@sonde/native';
import type { Meaning } from './types.ts';

/** The names in `<sonde/types.h>`, `<sonde/process.h>` and `<sonde/histogram.h>` that carry a meaning. */
const meanings: Readonly<Record<string, Meaning>> = {
  sonde_process: 'process',
  sonde_histogram_t: 'histogram',
  sonde_histogram: 'histogram',
  sonde_size_histogram_t: 'sizeHistogram',
  sonde_size_histogram: 'sizeHistogram',
  sonde_ns_t: 'ns',
  sonde_cgroup_t: 'cgroup',
  sonde_ip_t: 'ip',
  sonde_port_t: 'port',
  sonde_port_be_t: 'portBe',
  sonde_ifindex_t: 'ifindex',
  sonde_netns_t: 'netns',
  sonde_dev_t: 'dev',
  sonde_errno_t: 'errno',
  sonde_comm_t: 'comm',
  sonde_stack_t: 'stack',
};

const wrappers = new Set(['typedef', 'const', 'volatile', 'restrict', 'type_tag', 'var']);

/** A type without typedefs and qualifiers, and the meaning that one of them gave. */
export function unwrap(btf: Btf, id: number): { type: BtfType; meaning?: Meaning } {
  let meaning: Meaning | undefined;
  let type = typeAt(btf, id);
  for (;;) {
    meaning ??= type.kind === 'typedef' || type.kind === 'struct' ? meanings[type.name] : undefined;
    if (!wrappers.has(type.kind) || !('type' in type)) return { type, ...(meaning && { meaning }) };
    type = typeAt(btf, type.type);
  }
}

/** Bytes of a type; 0 where it has none. */
export function sizeOf(btf: Btf, id: number): number {
  const { type } = unwrap(btf, id);
  if (type.kind === 'array') return type.length * sizeOf(btf, type.type);
  if (type.kind === 'ptr') return 8;
  return 'size' in type ? type.size : 0;
}

/** A type as C writes it, typedefs kept: `struct link_key`, `u64[104]`, `sonde_ip_t`. */
export function typeName(btf: Btf, id: number): string {
  const type = typeAt(btf, id);
  switch (type.kind) {
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${type.name || '(anonymous)'}`;
    case 'array':
      return `${typeName(btf, type.type)}[${type.length}]`;
    case 'ptr':
      return `${typeName(btf, type.type)} *`;
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
    case 'var':
      return typeName(btf, type.type);
    default:
      return type.name || 'void';
  }
}

function typeAt(btf: Btf, id: number): BtfType {
  return btf.types[id] ?? { id: 0, kind: 'void', name: 'void' };
}
