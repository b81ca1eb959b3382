// SPDX-License-Identifier: Apache-2.0
import { sondeError, type Place, type SondeError } from '@sonde/kit';
import type { Config } from './types.ts';

/** Regular expressions that are none, and sinks that there are not. */
export function findRelabelProblems({ relabel, sinks }: Config, place: (pointer: string) => Place): SondeError[] {
  return relabel.flatMap(({ regex = '', sinks: named = [] }, i) => {
    const unknown = named.flatMap((name, at) => {
      if (Object.hasOwn(sinks, name)) return [];
      const values = { found: name, rule: `the sinks are ${Object.keys(sinks).join(', ')}` };
      return [sondeError('SONDE_INPUT_VALUE', values, { place: place(`/relabel/${i}/sinks/${at}`) })];
    });
    const reason = problemOf(regex);
    if (reason === undefined) return unknown;
    return [...unknown, sondeError('SONDE_INPUT_VALUE', { found: regex, rule: reason }, { place: place(`/relabel/${i}/regex`) })];
  });
}

function problemOf(regex: string): string | undefined {
  try {
    RegExp(regex);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
