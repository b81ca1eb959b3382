// SPDX-License-Identifier: Apache-2.0

/** Nobody misspells a longer name, and comparing two takes the product of their lengths. */
const LONGEST_NAME = 256;

/** The candidates that somebody who wrote `name` most likely meant, nearest first, at most three. */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  if (name.length > LONGEST_NAME) return [];
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(name.length / 3));
  return [...new Set(candidates)]
    .filter((candidate) => Math.abs(candidate.length - name.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `'a', 'b' or 'c'`; empty for no names. */
export function quoteNames(names: readonly string[], last = 'or'): string {
  const quoted = names.map((name) => `'${name}'`);
  const tail = quoted.pop();
  if (tail === undefined) return '';
  return quoted.length > 0 ? `${quoted.join(', ')} ${last} ${tail}` : tail;
}

/** Damerau-Levenshtein distance: insertions, deletions, substitutions, and swaps of neighbours count 1 each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substitution, last[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
