// SPDX-License-Identifier: Apache-2.0
import { compilePattern } from '../targets/pattern.ts';

export type TextMatcher = (text: string) => boolean;

/** Whether one of the patterns matches. @throws SyntaxError */
export function anyPattern(patterns: readonly unknown[]): TextMatcher {
  const tests = patterns.map((pattern) => compilePattern(String(pattern)));
  return (text) => tests.some((matches) => matches(text));
}

export type KeyedMatcher = (values: Readonly<Record<string, string>>) => boolean;

/**
 * Whether a set of labels has each of the keys with a value that one of its patterns matches, for one of the choices.
 * @param choices objects of keys with a pattern, or several
 * @throws SyntaxError
 */
export function anyKeyed(choices: readonly unknown[]): KeyedMatcher {
  const tests = choices.map((choice) =>
    Object.entries(choice as Record<string, unknown>).map(([key, patterns]): [string, TextMatcher] => [
      key,
      anyPattern([patterns].flat()),
    ]),
  );
  const meets = (values: Readonly<Record<string, string>>) => (keys: [string, TextMatcher][]) =>
    keys.every(([key, matches]) => values[key] !== undefined && matches(values[key]));
  return (values) => tests.some(meets(values));
}
