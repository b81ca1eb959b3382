// SPDX-License-Identifier: Apache-2.0

/** Records in the order of their resource and scope, and of their coming where these are the same. */
export function byPlace<Kind extends { readonly identity: number; readonly probe: string }>(
  records: readonly Kind[],
): Iterable<Kind> {
  const [first] = records;
  if (!first || records.every(({ identity, probe }) => identity === first.identity && probe === first.probe))
    return records;
  return records.toSorted((a, b) => a.identity - b.identity || (a.probe < b.probe ? -1 : a.probe > b.probe ? 1 : 0));
}
