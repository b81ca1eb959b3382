// SPDX-License-Identifier: Apache-2.0
import { fieldWriter, resolvePath, type Manifest, type ParamValue } from '@sonde/kit';
import type { BpfObject } from '@sonde/native';

type Params = Readonly<Record<string, ParamValue>>;

const MAP_SIZE = /^map\.(\w+)\.max_entries$/;
/** Targets of `load:` that are not in the object. */
const ELSEWHERE = new Set(['attach', 'decoder']);

/** Puts the values of all params into an object that is not loaded yet. */
export function writeParams(object: BpfObject, manifest: Manifest, params: Params): void {
  for (const [name, { live, load }] of Object.entries(manifest.params ?? {})) {
    const target = live ?? load;
    if (target === undefined || ELSEWHERE.has(target)) continue;
    const size = MAP_SIZE.exec(target);
    if (size) object.setMapMaxEntries(size[1]!, Number(params[name]));
    else writeGlobal(object, target, kernelValue(manifest, name, params));
  }
}

/** Writes the params that take effect while the object runs. */
export function writeLiveParams(object: BpfObject, manifest: Manifest, params: Params): void {
  for (const [name, { live }] of Object.entries(manifest.params ?? {})) {
    if (live !== undefined) writeGlobal(object, live, kernelValue(manifest, name, params));
  }
}

/** What must differ for the object to be loaded anew: the values of all params that say `load`, but for `attach` and `decoder`. */
export function loadKey(manifest: Manifest, params: Params): string {
  const loaded = Object.entries(manifest.params ?? {}).filter(([, { load }]) => load !== undefined && !ELSEWHERE.has(load));
  return JSON.stringify(loaded.map(([name]) => params[name]));
}

/** The params that a decoder gets. */
export function decoderParams(manifest: Manifest, params: Params): Record<string, ParamValue> {
  const theirs = Object.entries(manifest.params ?? {}).filter(([, { load }]) => load === 'decoder');
  return Object.fromEntries(theirs.map(([name]) => [name, params[name]!]));
}

/** Writes a number into a global variable or a field of it: `settings.slow_ns`. */
export function writeGlobal(object: BpfObject, path: string, value: ParamValue): void {
  const [name = path] = /^\w+/.exec(path) ?? [];
  const global = object.globals.find((candidate) => candidate.name === name);
  if (global === undefined) return;
  const field = resolvePath(object.btf, global.type, path.slice(name.length).replace(/^\./, ''));
  object.setGlobal(name, field.offset, fieldWriter(field)(value));
}

/** As the kernel sees it: an enum by its index. */
function kernelValue(manifest: Manifest, name: string, params: Params): ParamValue {
  const value = params[name]!;
  const values = manifest.params?.[name]?.values;
  return values && typeof value === 'string' ? values.indexOf(value) : value;
}
