// SPDX-License-Identifier: Apache-2.0
import { MASK, redact, SECRET_NAME } from '@sonde/kit/decoder';

/** `--password`, alone: the next argument is the secret. */
const ALONE = new RegExp(`^--?${SECRET_NAME}$`, 'i');
/** The same where the text was cut before the `@`. */
const URL_CUT = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)([^\s@/]*[^\s@/\d][^\s@/]*)$/i;
/** Nothing to mask where none of this occurs: most command lines. */
const SUSPECT = /pass|pwd|secret|token|key|credential|authorization|:\/\/|gh[pousr]_|github_pat|glpat|xox|AKIA|ASIA|eyJ|\0-[apuw]/i;

/** By the command's name: short options that take a secret, joined to it (`-psecret`) or as the next argument. */
const SHORT_OPTIONS: readonly [command: RegExp, joined: RegExp | undefined, alone: RegExp | undefined][] = [
  [/^(?:mysql|mariadb)/, /^(-p)(.+)$/, undefined],
  [/^redis-cli$/, undefined, /^-a$/],
  [/^sshpass$/, /^(-p)(.+)$/, /^-p$/],
  [/^(?:mongo|mongosh|mongodump|mongorestore)$/, /^(-p)(.+)$/, /^-p$/],
  [/^ldap(?:search|modify|add|delete|passwd|whoami)$/, /^(-w)(.+)$/, /^-w$/],
  [/^curl$/, /^(-u[^:]*:)(.+)$/, undefined],
];
/** `curl -u user:secret`: the next argument holds the secret behind the colon. */
const CURL_USER = /^(?:-u|--user|--proxy-user)$/;

/**
 * What is shown of a process's arguments: joined by spaces, secrets replaced by `***`. Masking goes by form, so it misses what
 * looks like any other word; the text is capped before it gets here.
 *
 * @param text arguments, each with a NUL behind it, as in `/proc/<pid>/cmdline`
 * @param cut whether the text goes on
 * @returns the line and the length of its first argument
 */
export function commandLine(text: string, cut: boolean): { line: string; commandLength: number } {
  const end = trimmedLength(text);
  const trimmed = end === text.length ? text : text.slice(0, end);
  const first = trimmed.indexOf('\0');
  const commandLength = first === -1 ? trimmed.length : first;
  if (!SUSPECT.test(trimmed)) return { line: trimmed.replaceAll('\0', ' '), commandLength };
  const masked = maskArguments(trimmed.split('\0'), cut);
  return { line: masked.join(' '), commandLength: masked[0]!.length };
}

function trimmedLength(text: string): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return end;
}

function maskArguments(words: readonly string[], cut: boolean): string[] {
  const command = words[0]!.slice(words[0]!.lastIndexOf('/') + 1);
  const short = SHORT_OPTIONS.find(([name]) => name.test(command));
  return words.map((word, i) => {
    const before = i > 0 ? words[i - 1]! : '';
    if (i > 1 && (ALONE.test(before) || short?.[2]?.test(before)) && !word.startsWith('--')) return MASK;
    if (CURL_USER.test(before) && command === 'curl') return word.replace(/:.*$/s, `:${MASK}`);
    if (i > 0 && short?.[1]?.test(word)) return word.replace(short[1], `$1${MASK}`);
    const masked = redact(word);
    return cut && i === words.length - 1 ? masked.replace(URL_CUT, `$1${MASK}`) : masked;
  });
}
