// SPDX-License-Identifier: Apache-2.0

/** The 16 bytes of a `sonde_ip_t` as text: IPv4 if mapped, otherwise IPv6 as RFC 5952 has it; empty for all zeroes. */
export function ipAddress(view: DataView, base: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(base + 2 * i));
  if (groups.every((group) => group === 0)) return '';
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [0, 1, 2, 3].map((i) => view.getUint8(base + 12 + i)).join('.');
  }
  const [start, length] = longestZeroes(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** Start and length of the first of the longest runs of zero groups. */
function longestZeroes(groups: readonly number[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}
