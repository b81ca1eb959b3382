// SPDX-License-Identifier: Apache-2.0

/** One metric family of a scrape. */
export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

export interface Sample {
  name: string;
  labels: Record<string, string>;
  /** A string where JSON has no number for it: `+Inf`, `-Inf`, `NaN`. */
  value: number | string;
}

/** The families of a scrape in the Prometheus text format 0.0.4, each with its lines as they are. */
export function families(text: string): (Family & { lines: string[] })[] {
  const found: (Family & { lines: string[] })[] = [];
  for (const line of text.split('\n')) {
    const [, keyword, name, rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (name !== undefined && found.at(-1)?.name !== name)
      found.push({ name, type: 'untyped', help: '', samples: [], lines: [] });
    const family = found.at(-1);
    if (!family || line === '') continue;
    family.lines.push(line);
    if (keyword === 'HELP') family.help = unescape(rest);
    else if (keyword === 'TYPE') family.type = rest;
    else if (!line.startsWith('#')) family.samples.push(sample(line));
  }
  return found;
}

function sample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = /^([^{\s]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label, text]) => [label!, unescape(text!)] as const,
  );
  return { name, labels: Object.fromEntries(pairs), value: Number.isFinite(Number(value)) ? Number(value) : value };
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
