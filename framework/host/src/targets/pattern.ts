// SPDX-License-Identifier: Apache-2.0
import { matchesGlob } from './glob.ts';

export type Pattern = (text: string) => boolean;

/**
 * A regular expression between slashes, found anywhere in the text; anything else is a glob over the whole of it.
 * @throws SyntaxError
 */
export function compilePattern(pattern: string): Pattern {
  if (isExpression(pattern)) {
    const expression = new RegExp(pattern.slice(1, -1), 's');
    return (text) => expression.test(text);
  }
  return matchesGlob(pattern);
}

export function isExpression(pattern: string): boolean {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/');
}
