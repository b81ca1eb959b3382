// SPDX-License-Identifier: Apache-2.0
import type { ProcfsSource } from '@sonde/kit';

/** What one file says of one thing: the words, by the names of their fields. */
export type ProcfsRecord = ReadonlyMap<string, string>;

export type ProcfsParser = (text: string) => ProcfsRecord[];

/** The parser for the format that a manifest names. */
export function procfsParser({ format, columns = [], skip = 0 }: ProcfsSource): ProcfsParser {
  const parsers: Record<ProcfsSource['format'], ProcfsParser> = {
    lines: parseLines,
    headers: parseHeaders,
    table: (text) => parseTable(text, columns, skip),
  };
  return parsers[format];
}

/** `pgfault 12`, `MemFree:  12 kB` */
function parseLines(text: string): ProcfsRecord[] {
  const record = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [name = '', value] = wordsOf(line);
    if (value !== undefined) record.set(withoutColon(name), value);
  }
  return [record];
}

/** `TcpExt: ListenDrops …` and, in the next line, `TcpExt: 12 …` */
function parseHeaders(text: string): ProcfsRecord[] {
  const record = new Map<string, string>();
  const lines = linesOf(text);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [prefix = '', ...names] = wordsOf(lines[i]!);
    const [, ...values] = wordsOf(lines[i + 1]!);
    names.forEach((name, column) => {
      const value = values[column];
      if (value !== undefined) record.set(`${withoutColon(prefix)}.${name}`, value);
    });
  }
  return [record];
}

/** `8 0 sda 12 …`, `some avg10=0.00 total=12` */
function parseTable(text: string, columns: readonly string[], skip: number): ProcfsRecord[] {
  return linesOf(text)
    .slice(skip)
    .map((line) => {
      const record = new Map<string, string>();
      let column = 0;
      for (const word of wordsOf(line)) {
        const equals = word.indexOf('=');
        if (equals > 0) record.set(word.slice(0, equals), word.slice(equals + 1));
        else if (column < columns.length) record.set(columns[column++]!, withoutColon(word));
      }
      return record;
    });
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function wordsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

function withoutColon(word: string): string {
  return word.endsWith(':') ? word.slice(0, -1) : word;
}
