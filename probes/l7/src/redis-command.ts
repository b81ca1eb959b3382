// SPDX-License-Identifier: Apache-2.0
import { redact } from '@sonde/kit/decoder';

/** A command as far as it was kept: an argument that was cut off is missing, but `count` has it. */
export interface RedisCommand {
  /** With the name of the command. */
  readonly words: readonly string[];
  /** How many words the command has; of an inline command that was cut, how many are there. */
  readonly count: number;
}

/** Arguments that are shown; the others are one `...`. */
const SHOWN = 8;
const SHOWN_CHARACTERS = 128;
/** Their first argument is no name of anything: a secret, a script, a message. */
const WITHOUT_KEY = /^(?:AUTH|HELLO|ECHO|PING|EVAL|EVAL_RO|SCRIPT|FUNCTION|MIGRATE|SETNAME)$/i;

/**
 * Reads the first command of a text, which may end anywhere.
 * @param text a character for each byte
 */
export function parseRedisCommand(text: string): RedisCommand | undefined {
  const [head, count] = /^\*(\d{1,7})\r\n/.exec(text) ?? [];
  if (head === undefined) return inline(text);
  const words: string[] = [];
  let at = head.length;
  while (words.length < Number(count)) {
    const end = text.indexOf('\r\n', at);
    const length = end === -1 ? undefined : /^\$(\d{1,10})$/.exec(text.slice(at, end))?.[1];
    if (length === undefined) break;
    const from = end + 2;
    at = from + Number(length) + 2;
    if (at - 2 > text.length) break;
    words.push(text.slice(from, at - 2));
  }
  return words.length > 0 ? { words, count: Number(count) } : undefined;
}

function inline(text: string): RedisCommand | undefined {
  const end = text.indexOf('\n');
  const words = text.slice(0, end === -1 ? undefined : end).trim().split(/\s+/);
  // where the text was cut, the last word may be a part of one
  const whole = end === -1 ? words.slice(0, -1) : words;
  return whole[0] && /^[a-z]/i.test(whole[0]) ? { words: whole, count: words.length } : undefined;
}

/**
 * A command as text: its name and a `?` for each argument. With `showKey` its first argument stands there as it is, which
 * for nearly all commands is the key, without what looks like a secret; values never do.
 */
export function redisQueryText(name: string, { words, count }: RedisCommand, showKey: boolean): string {
  const key = showKey && !WITHOUT_KEY.test(name) ? words[1] : undefined;
  const shown = Array.from({ length: Math.min(count - 1, SHOWN) }, (_, i) => (i === 0 && key !== undefined ? keyText(key) : '?'));
  return [name, ...shown, ...(count - 1 > SHOWN ? ['...'] : [])].join(' ');
}

function keyText(bytes: string): string {
  const key = redact(Buffer.from(bytes, 'latin1').toString('utf8'));
  return key.length > SHOWN_CHARACTERS ? `${key.slice(0, SHOWN_CHARACTERS)}...` : key;
}
