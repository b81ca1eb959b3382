// SPDX-License-Identifier: Apache-2.0

/**
 * A test of a whole text against a shell pattern: `*` is any run of characters, `?` is one, `[a-z]` and `[!a-z]` are sets, a
 * backslash takes the next literally. `*` crosses slashes, for command lines and cgroups have no levels that a user thinks of.
 * @throws SyntaxError for a set that has no end
 */
export function matchesGlob(glob: string): (text: string) => boolean {
  if (!/[*?[\\]/.test(glob)) return (text) => text === glob;
  const expression = new RegExp(`^${[...pieces(glob)].join('')}$`, 's');
  return (text) => expression.test(text);
}

function* pieces(glob: string): Iterable<string> {
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at]!;
    if (char === '*') yield '.*';
    else if (char === '?') yield '.';
    else if (char === '[') {
      const end = glob.indexOf(']', at + 2);
      if (end === -1) throw new SyntaxError(`the set that begins at character ${at + 1} has no end`);
      const set = glob.slice(at + 1, end).replace(/[\\^]/g, '\\$&');
      yield set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set}]`;
      at = end;
    } else if (char === '\\' && at + 1 < glob.length) yield escape(glob[++at]!);
    else yield escape(char);
  }
}

function escape(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
