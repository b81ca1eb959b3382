// SPDX-License-Identifier: Apache-2.0
import { SondeError, type Place } from '@sonde/kit';

/** A problem of one part of a file, at its place in the file; one that already has a line stays where it is. */
export function problemAt(problem: SondeError, part: string, place: (pointer: string) => Place): SondeError {
  if (problem.place?.line !== undefined) return problem;
  const { code, message, hint, problems, cause } = problem;
  const at = place(part + (problem.place?.pointer ?? ''));
  const inner = problems.map((single) => problemAt(single, part, place));
  return new SondeError(code, message, hint ?? '', { place: at, problems: inner, cause });
}
