// SPDX-License-Identifier: Apache-2.0
import { formatPlace, type SondeError } from '@sonde/kit';

/** One error inside of an answer. */
export interface Finding {
  code: string;
  message: string;
  place?: string;
  hint?: string;
}

/** An error as RFC 9457 has it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  place?: string;
  hint?: string;
  problems?: Finding[];
}

/** What REST says of an error. */
export function problemOf(error: SondeError): Problem {
  const { code, message, ...details } = findingOf(error);
  const { status, title } = error.entry;
  const problems = error.problems.map(findingOf);
  const type = `urn:sonde:error:${code}`;
  return { type, title, status, detail: message, code, ...details, ...(problems.length > 0 && { problems }) };
}

/** The single errors that an error stands for: itself, if it stands for no others. */
export function findingsOf(error: SondeError): Finding[] {
  return (error.problems.length > 0 ? error.problems : [error]).map(findingOf);
}

/** One error, without those that it may stand for. */
export function findingOf({ code, message, place, hint }: SondeError): Finding {
  return { code, message, ...(place && { place: formatPlace(place) }), ...(hint && { hint }) };
}
