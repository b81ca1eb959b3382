// SPDX-License-Identifier: Apache-2.0

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
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
    const sample = parseSample(line);
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

function parseSample(line: string): Sample {
  const [, name = '', rest = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(.*)$/s.exec(line) ?? [];
  const labels: Record<string, string> = {};
  let at = 0;
  if (rest[0] === '{') {
    const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|\})/y;
    label.lastIndex = 1;
    for (let end = ','; end === ',';) {
      const [, key, value, next] = label.exec(rest) ?? [];
      if (key === undefined || key in labels) throw new Error(`bad labels: ${line}`);
      labels[key] = unescape(value!);
      end = next!;
      at = label.lastIndex;
    }
  }
  const number = /^ (\S+)$/.exec(rest.slice(at))?.[1];
  if (!number) throw new Error(`bad sample: ${line}`);
  return { name, labels, value: parseNumber(number) };
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
