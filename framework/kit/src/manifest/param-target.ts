// SPDX-License-Identifier: Apache-2.0
import type { GlobalInfo, MapInfo } from '@sonde/native';
import { sondeError } from '../errors/index.ts';
import { nearest, quoteNames } from '../input/index.ts';
import { fieldWriter, resolvePath, type FieldLayout } from '../layout/index.ts';
import type { Param } from './generated/types.ts';
import type { ParamValue } from './params.ts';
import type { ObjectInfo } from './source-layout.ts';

/** The switch of a collector, as a param: a boolean that is written while the probe runs. */
export function collectorSwitch(live: string): Param {
  return { type: 'boolean', default: false, description: 'Whether the collector is on', live };
}

/** What a param sets. */
export type ParamTarget =
  | { kind: 'global'; global: GlobalInfo; field: FieldLayout }
  | { kind: 'map'; map: MapInfo }
  | { kind: 'attach' }
  | { kind: 'decoder' };

/**
 * What the `live` or `load` of a param names in an object.
 * @throws SONDE_LAYOUT_GLOBAL, SONDE_LAYOUT_FIELD, SONDE_LAYOUT_MAP
 */
export function paramTarget({ globals, maps, btf }: ObjectInfo, { live, load }: Param): ParamTarget {
  const path = live ?? load ?? '';
  if (path === 'attach' || path === 'decoder') return { kind: path };
  const [, size] = /^map\.(\w+)\.max_entries$/.exec(path) ?? [];
  if (size !== undefined) return { kind: 'map', map: findMap(maps, size) };

  const [name = path] = /^\w+/.exec(path) ?? [];
  const global = globals.find((candidate) => candidate.name === name);
  if (!global) {
    const names = globals.map((candidate) => candidate.name).filter((candidate) => !candidate.startsWith('sonde_'));
    const values = { global: name, nearest: quoteNames(nearest(name, names)), known: quoteNames(names, 'and') };
    throw sondeError('SONDE_LAYOUT_GLOBAL', values);
  }
  return { kind: 'global', global, field: resolvePath(btf, global.type, path.slice(name.length).replace(/^\./, '')) };
}

/**
 * The bytes of a param's value in its global variable; an enum as the index of its value, a number with a scale rounded.
 * @throws SONDE_LAYOUT_TYPE for a value that does not fit
 */
export function paramBytes({ values, scale }: Param, field: FieldLayout, value: ParamValue): Uint8Array {
  const write = fieldWriter(field);
  if (typeof value === 'number' && scale !== undefined) return write(Math.round(value * scale));
  return write(values && typeof value === 'string' ? values.indexOf(value) : value);
}

function findMap(maps: readonly MapInfo[], name: string): MapInfo {
  const found = maps.find((map) => map.name === name);
  if (found) return found;
  const names = maps.map((map) => map.name);
  throw sondeError('SONDE_LAYOUT_MAP', {
    kind: 'map',
    map: name,
    nearest: quoteNames(nearest(name, names)),
    known: quoteNames(names, 'and'),
  });
}
