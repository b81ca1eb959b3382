// SPDX-License-Identifier: Apache-2.0
import { collectorSwitch, fillAttach, paramBytes, paramTarget, parseAttach, type Manifest, type Param, type ParamValue } from '@sonde/kit';
import type { BpfObject } from '@sonde/native';
import type { ProgramPlan } from './program-plan.ts';

type Params = Readonly<Record<string, ParamValue>>;

/** Puts the values of all params into an object that is not loaded yet. */
export function writeParams(object: BpfObject, manifest: Manifest, params: Params): void {
  for (const [name, param] of paramsOf(manifest)) writeParam(object, param, params[name]!);
}

/** Writes the params that take effect while the object runs. */
export function writeLiveParams(object: BpfObject, manifest: Manifest, params: Params): void {
  for (const [name, param] of paramsOf(manifest)) if (param.live !== undefined) writeParam(object, param, params[name]!);
}

/** Tells programs that serve several collectors which of them are on. */
export function writeCollectors(object: BpfObject, manifest: Manifest, collectors: ReadonlySet<string>): void {
  for (const [name, { live }] of Object.entries(manifest.collectors)) {
    if (live !== undefined) writeParam(object, collectorSwitch(live), collectors.has(name));
  }
}

/** Gives `tp_btf`, `fentry` and `fexit` programs the targets that the manifest names. */
export function setAttachTargets(object: BpfObject, plan: ProgramPlan, params: Params): void {
  for (const { choice } of plan.tasks) {
    if (choice?.attach === undefined) continue;
    const point = parseAttach(fillAttach(choice.attach, params));
    const section = object.programs.find(({ name }) => name === choice.program)?.section;
    if ('target' in point && point.target !== undefined && section !== choice.attach) {
      object.setAttachTarget(choice.program, point.target);
    }
  }
}

/** Writes one of the kit's own variables, which an object has only if it uses that part of the kit. */
export function writeOwn(object: BpfObject, name: string, value: number): void {
  const global = object.globals.find((candidate) => candidate.name === name);
  if (global !== undefined) object.setGlobal(name, 0, Uint8Array.from(new Uint8Array(Uint32Array.of(value).buffer)));
}

/** Differs if a change of params makes it necessary to load the object anew. */
export function loadKey(manifest: Manifest, params: Params): string {
  const loaded = paramsOf(manifest).filter(([, { load }]) => load !== undefined && load !== 'attach' && load !== 'decoder');
  return JSON.stringify(loaded.map(([name]) => params[name]));
}

/** The params that a decoder gets. */
export function decoderParams(manifest: Manifest, params: Params): Record<string, ParamValue> {
  const theirs = paramsOf(manifest).filter(([, { load }]) => load === 'decoder');
  return Object.fromEntries(theirs.map(([name]) => [name, params[name]!]));
}

function writeParam(object: BpfObject, param: Param, value: ParamValue): void {
  const target = paramTarget(object, param);
  if (target.kind === 'map') object.setMapMaxEntries(target.map.name, Number(value));
  else if (target.kind === 'global') object.setGlobal(target.global.name, target.field.offset, paramBytes(param, target.field, value));
}

function paramsOf(manifest: Manifest): [string, Param][] {
  return Object.entries(manifest.params ?? {});
}
