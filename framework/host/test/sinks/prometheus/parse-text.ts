// SPDX-License-Identifier: Apache-2.0

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
  /** Only in OpenMetrics. */
  exemplar?: { labels: Record<string, string>; value: number; time: number };
}

export interface ParsedFamily {
  type?: string;
  help?: string;
  unit?: string;
  samples: Sample[];
}

/** Reads a text exposition strictly: what stands where it may not, or twice, throws. */
export function parseText(text: string, openMetrics: boolean): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('no newline at the end');
  const lines = text.slice(0, -1).split('\n');
  if (openMetrics && lines.pop() !== '# EOF') throw new Error('no # EOF at the end');
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let current: [string, ParsedFamily] | undefined;
  for (const line of lines) {
    const [, keyword, name, rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword && name) {
      if (current?.[0] !== name) {
        if (families.has(name)) throw new Error(`family ${name} comes twice`);
        current = [name, { samples: [] }];
        families.set(...current);
      }
      const key = keyword.toLowerCase() as 'help' | 'type' | 'unit';
      if (current[1][key] !== undefined || current[1].samples.length > 0) throw new Error(`misplaced: ${line}`);
      current[1][key] = keyword === 'HELP' ? unescape(rest) : rest;
      continue;
    }
    const sample = parseSample(line, openMetrics);
    if (!current || !belongs(sample.name, current, openMetrics)) throw new Error(`misplaced: ${line}`);
    const key = [
      sample.name,
      ...Object.entries(sample.labels)
        .map((pair) => JSON.stringify(pair))
        .sort(),
    ].join();
    if (seen.has(key)) throw new Error(`duplicate series: ${line}`);
    seen.add(key);
    current[1].samples.push(sample);
  }
  return families;
}

function belongs(sample: string, [name, { type }]: [string, ParsedFamily], openMetrics: boolean): boolean {
  if (type === 'gauge') return sample === name;
  if (type === 'counter') return sample === (openMetrics ? `${name}_total` : name) || sample === `${name}_created`;
  return ['_bucket', '_sum', '_count', '_created'].some((suffix) => sample === name + suffix);
}

function parseSample(line: string, openMetrics: boolean): Sample {
  const [, name = '', rest = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(.*)$/s.exec(line) ?? [];
  const { labels, length } = parseLabels(rest);
  const [, number, ofExemplar] = /^ (\S+)(?: # (\{.*))?$/s.exec(rest.slice(length)) ?? [];
  if (!number || (ofExemplar && !openMetrics)) throw new Error(`bad sample: ${line}`);
  const sample: Sample = { name, labels, value: parseNumber(number) };
  return ofExemplar ? { ...sample, exemplar: parseExemplar(ofExemplar) } : sample;
}

function parseExemplar(text: string): NonNullable<Sample['exemplar']> {
  const { labels, length } = parseLabels(text);
  const [, value, time] = /^ (\S+) (\S+)$/.exec(text.slice(length)) ?? [];
  if (!value || !time || Object.entries(labels).flat().join('').length > 128) throw new Error(`bad exemplar: ${text}`);
  return { labels, value: parseNumber(value), time: parseNumber(time) };
}

/** The labels that a text begins with, if any, and how much of it they are. */
function parseLabels(text: string): { labels: Record<string, string>; length: number } {
  const labels: Record<string, string> = {};
  if (text[0] !== '{') return { labels, length: 0 };
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|\})/y;
  label.lastIndex = 1;
  for (;;) {
    const [, key, value, end] = label.exec(text) ?? [];
    if (key === undefined || key in labels) throw new Error(`bad labels: ${text}`);
    labels[key] = unescape(value!);
    if (end === '}') return { labels, length: label.lastIndex };
  }
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`bad number ${text}`);
  return Number(text);
}

function unescape(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, character) => (character === 'n' ? '\n' : character));
}
