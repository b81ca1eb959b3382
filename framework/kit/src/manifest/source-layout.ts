// SPDX-License-Identifier: Apache-2.0
import type { BpfObject, MapInfo } from '@sonde/native';
import { sondeError } from '../errors/index.ts';
import { nearest, quoteNames } from '../input/index.ts';
import { beginsWithStruct, fieldsWithMeaning, findStruct, resolvePath, type FieldLayout } from '../layout/index.ts';
import type { MapSource, RingSource } from './generated/types.ts';

/** What is known of an object before it is loaded. */
export type ObjectInfo = Pick<BpfObject, 'programs' | 'maps' | 'btf' | 'globals'>;

/** A field and in which bytes it lies. */
export interface SourceField extends FieldLayout {
  from: 'key' | 'value' | 'record';
}

/** The fields that paths of a manifest can name in one source. */
export interface SourceLayout {
  /** The map, or the ring. */
  map: MapInfo;
  /** Where a path leads. @throws SONDE_LAYOUT_FIELD */
  resolve(path: string): SourceField;
  /** Paths of all `struct sonde_process` in it, those of the key first. */
  processes: readonly string[];
  /** Whether it begins with `struct sonde_event`, as the records of a ring must. */
  hasHeader: boolean;
}

const keyedMaps = ['hash', 'percpu_hash', 'array', 'percpu_array'];

/**
 * What paths mean in the entries of a map: `key.…`, `value.…`, or a field of the value; or in the records of a ring.
 * @throws SONDE_LAYOUT_MAP, SONDE_LAYOUT_MAP_TYPE, SONDE_LAYOUT_STRUCT
 */
export function sourceLayout(object: ObjectInfo, source: MapSource | RingSource): SourceLayout {
  return 'map' in source ? mapLayout(object, source) : ringLayout(object, source);
}

function mapLayout({ maps, btf }: ObjectInfo, { map: name }: MapSource): SourceLayout {
  const map = findMap(maps, name, 'map', keyedMaps);
  const { keyType = 0, valueType = 0 } = map;
  return {
    map,
    resolve: (path) => {
      const [, part, rest] = /^(key|value)(?=$|[.[])\.?(.*)$/.exec(path) ?? [undefined, 'value', path];
      const from = part === 'key' ? 'key' : 'value';
      return { from, ...resolvePath(btf, from === 'key' ? keyType : valueType, rest ?? '') };
    },
    processes: [
      ...fieldsWithMeaning(btf, keyType, 'process').map((path) => join('key', path)),
      ...fieldsWithMeaning(btf, valueType, 'process').map((path) => join('value', path)),
    ],
    hasHeader: false,
  };
}

function ringLayout({ maps, btf }: ObjectInfo, { ring, struct }: RingSource): SourceLayout {
  const map = findMap(maps, ring, 'ring', ['ringbuf']);
  const id = findStruct(btf, struct);
  return {
    map,
    resolve: (path) => ({ from: 'record', ...resolvePath(btf, id, path) }),
    processes: fieldsWithMeaning(btf, id, 'process'),
    hasHeader: beginsWithStruct(btf, id, 'sonde_event'),
  };
}

function findMap(maps: readonly MapInfo[], name: string, kind: 'map' | 'ring', types: readonly string[]): MapInfo {
  const found = maps.find((map) => map.name === name);
  if (found && types.includes(found.type)) return found;
  if (found) {
    const remedy = `It must be ${quoteNames(types)}.`;
    throw sondeError('SONDE_LAYOUT_MAP_TYPE', { map: name, type: found.type, kind: kind === 'ring' ? 'ring' : 'map that holds entities', remedy });
  }
  const names = maps.filter(({ type }) => types.includes(type)).map((map) => map.name);
  throw sondeError('SONDE_LAYOUT_MAP', {
    kind,
    map: name,
    nearest: quoteNames(nearest(name, names)),
    known: quoteNames(names, 'and'),
  });
}

function join(part: string, path: string): string {
  return path === '' ? part : `${part}.${path}`;
}
