// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Refusals } from './refusals.ts';

/** The attributes that have a value; undefined, with the refusal counted, if one is not declared. */
export function declaredAttributes(
  what: string,
  declared: ReadonlySet<string>,
  given: Readonly<Record<string, AttributeValue | undefined>> = {},
  refusals: Refusals,
): Record<string, AttributeValue> | undefined {
  const attributes: Record<string, AttributeValue> = {};
  for (const [attribute, value] of Object.entries(given)) {
    if (!declared.has(attribute)) {
      refusals.undeclared(`attribute '${attribute}' is not declared for ${what}`);
      return undefined;
    }
    if (value !== undefined) attributes[attribute] = value;
  }
  return attributes;
}
