// SPDX-License-Identifier: Apache-2.0

/** What stands in the place of a secret. */
export const MASK = '***';

/** A word in the name of an option, variable or property whose value is a secret; the source of an expression. */
export const SECRET_NAME = String.raw`[\w.-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w.-]*`;

/** `--password=x`, `DB_PASSWORD=x`, `-Dapi.token=x`: the rest of the argument, separators and all. */
const ASSIGNED = new RegExp(String.raw`^(-{0,2}${SECRET_NAME}=)(.+)$`, 'is');
/** The same, or `password: x`, amid other text. */
const ASSIGNED_WITHIN = new RegExp(String.raw`((?:^|[\s;&?,'"/({-])${SECRET_NAME}["']?\s*[=:]\s*["']?)([^\s"'&;]+)`, 'gi');
/** `--password x` within one argument, such as that of `sh -c`. */
const SPACED = new RegExp(String.raw`((?:^|\s)--?${SECRET_NAME}\s+["']?)([^\s"'-][^\s"']*)`, 'gi');
/** `scheme://user:secret@` */
const URL_SECRET = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)([^\s@/]+)(?=@)/gi;
const HEADER = /(authorization\s*:\s*(?:(?:bearer|basic|token|digest)\s+)?)([^\s'"]+)/gi;
/** Tokens that show what they are: GitHub, GitLab, Slack, AWS, JWT. */
const TOKEN = /\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16}|eyJ[\w-]{8,}\.[\w-]{8,}[\w.-]*)/g;

/**
 * A text with what looks like a secret replaced by `***`: passwords and tokens by the name in front of them, in URLs and in headers, and
 * tokens that show what they are. It goes by form, so it misses what looks like any other word.
 */
export function redact(text: string): string {
  if (ASSIGNED.test(text)) return text.replace(ASSIGNED, `$1${MASK}`);
  return text
    .replace(URL_SECRET, `$1${MASK}`)
    .replace(HEADER, `$1${MASK}`)
    .replace(SPACED, `$1${MASK}`)
    .replace(ASSIGNED_WITHIN, `$1${MASK}`)
    .replace(TOKEN, MASK);
}
