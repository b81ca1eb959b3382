// SPDX-License-Identifier: Apache-2.0

/** JSON pointer (RFC 6901) of keys and indices: `pointer('entities', 'a/b', 0)` is `/entities/a~1b/0`. */
export function pointer(...keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The keys of a JSON pointer. */
export function pointerKeys(text: string): string[] {
  return text
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}
