// SPDX-License-Identifier: Apache-2.0
import { formatPlace, type SondeError } from '@sonde/kit';
import type { ProbeStatus } from './types.ts';

/** An error as a probe's status shows it. */
export function errorStatus({ code, message, place, hint }: SondeError): NonNullable<ProbeStatus['error']> {
  return { code, message, ...(place && { place: formatPlace(place) }), ...(hint && { hint }) };
}
