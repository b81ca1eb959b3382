// SPDX-License-Identifier: Apache-2.0
import { asSondeError, sondeError, type SondeError } from '@sonde/kit';
import { NativeError, openObject, type BpfObject } from '@sonde/native';
import type { ProgramPlan } from './program-plan.ts';

/** Prepares an opened object for loading: sizes, settings, shared maps. */
export type Configure = (object: BpfObject) => void;

/**
 * Loads an object with the programs that the plan chose. What the kernel refuses is passed over in the plan, and the
 * object opened again, until the rest loads: libbpf loads an object as a whole or not at all.
 *
 * @throws SONDE_OBJECT_CORRUPT, SONDE_OBJECT_REFUSED, SONDE_NO_PRIVILEGES, SONDE_NO_KERNEL_BTF
 */
export async function loadObject(file: string, plan: ProgramPlan, configure: Configure): Promise<BpfObject> {
  const missingMaps = new Set<string>();
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

/** Whether there is something to leave out of the next try. */
function passOver(error: unknown, plan: ProgramPlan, missingMaps: Set<string>): boolean {
  if (!(error instanceof NativeError)) return false;
  if (error.program !== undefined) {
    const code = error.errnoName === 'EPERM' || error.errnoName === 'EACCES' ? 'refused' : 'unsupported';
    return plan.refuseProgram(error.program, code, explain(error));
  }
  if (error.map !== undefined && !missingMaps.has(error.map)) {
    missingMaps.add(error.map);
    return true;
  }
  return false;
}

function explain(error: NativeError): string {
  return [error.errnoName, error.summary ?? error.message].filter(Boolean).join(': ');
}

async function open(file: string): Promise<BpfObject> {
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
