// SPDX-License-Identifier: Apache-2.0
import { asSondeError, sondeError, type SondeError } from '@sonde/kit';
import { findHooks, NativeError, openObject, type BpfObject } from '@sonde/native';
import type { ProgramPlan, Refusal } from './program-plan.ts';

const NO_HOOK = 'this kernel has no such hook';

/** Prepares an opened object for loading: sizes, settings, shared maps. */
export type Configure = (object: BpfObject) => void;

/**
 * Loads the first of several objects, one to a plan, of which this kernel takes a program for each task; if there is none,
 * that which lacks the fewest.
 *
 * @throws SONDE_OBJECT_CORRUPT, SONDE_OBJECT_REFUSED, SONDE_NO_PRIVILEGES, SONDE_NO_KERNEL_BTF of the first, if none can be
 */
export async function loadFirstFit(
  plans: readonly ProgramPlan[],
  configure: (object: BpfObject, plan: ProgramPlan) => void,
): Promise<{ object: BpfObject; plan: ProgramPlan }> {
  let best: { object: BpfObject; plan: ProgramPlan } | undefined;
  let failure: unknown;
  for (const plan of plans) {
    if (plan.objectFile === undefined) continue;
    try {
      const object = await loadObject(plan.objectFile, plan, (opened) => configure(opened, plan));
      const isBetter = best === undefined || plan.lacking < best.plan.lacking;
      await (isBetter ? best?.object : object)?.close();
      if (isBetter) best = { object, plan };
    } catch (error) {
      failure ??= error;
    }
    if (best?.plan.lacking === 0) break;
  }
  if (best === undefined) throw failure;
  return best;
}

/**
 * Loads an object with the programs that the plan chose. What the kernel refuses is passed over in the plan, and the
 * object opened again, until the rest loads: libbpf loads an object as a whole or not at all.
 */
async function loadObject(file: string, plan: ProgramPlan, configure: Configure): Promise<BpfObject> {
  const missingMaps = new Set<string>();
  await passOverMissingHooks(file, plan);
  for (;;) {
    const object = await open(file);
    try {
      const wanted = plan.programs;
      for (const { name } of object.programs) object.setProgramAutoload(name, wanted.has(name));
      for (const map of missingMaps) object.setMapAutocreate(map, false);
      configure(object);
      await object.load();
      return object;
    } catch (error) {
      await object.close();
      if (!passOver(error, plan, missingMaps)) throw translate(error, file);
      if (plan.programs.size === 0) throw refused(error as NativeError, file);
    }
  }
}

/** Asks the kernel which hooks it has, which is much cheaper than to try each. */
async function passOverMissingHooks(file: string, plan: ProgramPlan): Promise<void> {
  const object = await open(file);
  plan.sections = new Map(object.programs.map(({ name, section }) => [name, section]));
  await object.close();
  for (;;) {
    const tasks = plan.tasks.filter(({ choice }) => choice !== undefined);
    const hooks = await findHooks(tasks.map(({ choice }) => plan.hookOf(choice!)));
    const missing = tasks.filter((_, i) => hooks[i]!.available === false);
    for (const task of missing) plan.refuse(task, 'missing', hooks[tasks.indexOf(task)]!.reason ?? NO_HOOK);
    if (missing.length === 0) return;
  }
}

/** Whether there is something to leave out of the next try. */
function passOver(error: unknown, plan: ProgramPlan, missingMaps: Set<string>): boolean {
  if (!(error instanceof NativeError)) return false;
  if (error.program !== undefined) {
    return plan.refuseProgram(error.program, refusalCode(error), explain(error));
  }
  if (error.map !== undefined && !missingMaps.has(error.map)) {
    missingMaps.add(error.map);
    return true;
  }
  return false;
}

/** One word for why the kernel did not take a program. */
export function refusalCode({ errnoName }: NativeError): Refusal['code'] {
  if (errnoName === 'ESRCH' || errnoName === 'ENOENT') return 'missing';
  return errnoName === 'EPERM' ? 'refused' : 'unsupported';
}

/** Why the kernel did not take a program, in a line. */
export function explain(error: NativeError): string {
  if (refusalCode(error) === 'missing') return NO_HOOK;
  return [error.errnoName, error.summary ?? error.message].filter(Boolean).join(': ');
}

/**
 * Opens an object file.
 * @throws SONDE_FILE_UNREADABLE, SONDE_OBJECT_CORRUPT
 */
export async function open(file: string): Promise<BpfObject> {
  try {
    return await openObject(file);
  } catch (error) {
    throw translate(error, file);
  }
}

function refused(error: NativeError, file: string): SondeError {
  return sondeError(
    'SONDE_OBJECT_REFUSED',
    { what: error.program ?? error.map ?? 'the object', reason: explain(error) },
    { place: { file }, cause: error },
  );
}

function translate(error: unknown, file: string): SondeError {
  if (!(error instanceof NativeError)) return asSondeError(error);
  const options = { place: { file }, cause: error };
  switch (error.code) {
    case 'NOT_FOUND':
      return sondeError('SONDE_FILE_UNREADABLE', { file, reason: error.message }, options);
    case 'CORRUPT':
      return sondeError('SONDE_OBJECT_CORRUPT', { reason: error.summary ?? error.message }, options);
    case 'PERMISSION':
      return sondeError('SONDE_NO_PRIVILEGES', { reason: error.message }, options);
    case 'NO_KERNEL_BTF':
      return sondeError('SONDE_NO_KERNEL_BTF', { reason: error.message }, options);
    default:
      return refused(error, file);
  }
}
