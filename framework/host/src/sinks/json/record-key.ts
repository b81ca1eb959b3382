// SPDX-License-Identifier: Apache-2.0

type Labels = ReadonlyMap<string, string | number>;

/** What tells one process, or else container, of one node from another. None of them changes while it lives. */
const IDENTIFYING = ['host.name', 'process.pid', 'process.creation.time', 'container.id'] as const;

/**
 * The key of a record: a JSON array of what it is about, then who. Records of one key go to one partition, in order.
 *
 * @param about name of the entity with the values of its attributes, or of the probe
 */
export function recordKey(about: readonly (string | number)[], labels: Labels): string {
  return JSON.stringify([...about, ...IDENTIFYING.map((name) => labels.get(name) ?? '')]);
}
