// SPDX-License-Identifier: Apache-2.0
import type { EventRecord } from './types.ts';

/** The text of an event: its template with each `{attribute}` filled in, '' for one that it does not have. */
export function eventBody({ body, attributes }: EventRecord): string | undefined {
  return body?.replace(/\{([\w.]+)\}/g, (_, name: string) => String(attributes[name] ?? ''));
}
