// SPDX-License-Identifier: Apache-2.0
// Makes commands.h of commands.txt: the table of commands, and a perfect hash of their names. `npm run generate` runs it.
import { readFileSync } from 'node:fs';

const NAME = 24;
const BITS = 13;
const MASK = 0xdfdfdfdfdfdfdfdfn;
const WORD = (1n << 64n) - 1n;

const flags = { blocking: 'BLOCKING', 'may-block': 'MAY_BLOCK', subscribe: 'SUBSCRIBE', listen: 'LISTEN', leave: 'LEAVE' };

const commands = readFileSync(new URL('commands.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/));

/** The three words of a name as the parser reads them: little-endian, without the bit of lower case. */
function wordsOf(name) {
  const bytes = Buffer.alloc(NAME, 0);
  bytes.write(name, 'latin1');
  return [0, 8, 16].map((at) => bytes.readBigUInt64LE(at) & MASK);
}

const keyOf = ([a, b, c]) => (a ^ (b * 3n) ^ (c * 5n)) & WORD;
const placeOf = (key, factor) => Number(((key * factor) & WORD) >> BigInt(64 - BITS));

function findFactor(keys) {
  let seed = 0x9e3779b97f4a7c15n;
  for (;;) {
    seed = (seed * 6364136223846793005n + 1442695040888963407n) & WORD;
    const factor = seed | 1n;
    if (new Set(keys.map((key) => placeOf(key, factor))).size === keys.length) return factor;
  }
}

if (commands.length >= 512) throw new Error('the table of commands is full');
const keys = commands.map(([name]) => keyOf(wordsOf(name)));
const factor = findFactor(keys);
const places = new Array(1 << BITS).fill(0);
keys.forEach((key, i) => (places[placeOf(key, factor)] = i + 1));

const rows = commands.map(([name, ...words]) => {
  const set = words.map((word) => `REDIS_${flags[word]}`).join(' | ') || '0';
  return `\t{ .name = "${name}", .flags = ${set} },`;
});
const table = Array.from({ length: places.length / 32 }, (_, i) => `\t${places.slice(i * 32, i * 32 + 32).join(', ')},`);

export const commandsHeader = {
  file: 'probes/l7/protocols/redis/commands.h',
  text: `/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Generated from commands.txt by npm run generate; do not edit. */
#ifndef L7_REDIS_COMMANDS_H
#define L7_REDIS_COMMANDS_H

#define REDIS_HASH_FACTOR ${factor}ULL
#define REDIS_HASH_SHIFT ${64 - BITS}

/* By number; 0 stands for any that is not listed. Padded to a power of two, to be masked. */
const struct redis_command redis_commands[512] = {
	{ .name = "", .flags = 0 },
${rows.join('\n')}
};

/* Hash of a name → number. No two names share a place. */
const u16 redis_places[${1 << BITS}] = {
${table.join('\n')}
};

#endif
`,
};
