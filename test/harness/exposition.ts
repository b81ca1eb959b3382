// SPDX-License-Identifier: Apache-2.0

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  name: string;
  labels: Labels;
  value: number;
}

/** A classic histogram: cumulative counts by upper bound. */
export interface ClassicHistogram {
  count: number;
  sum: number;
  /** `le` as written → cumulative count. */
  buckets: Map<string, number>;
}

/** A scrape in text form, read strictly: what a lenient reader would let pass is an error here. */
export class Exposition {
  readonly types = new Map<string, string>();
  readonly help = new Map<string, string>();
  readonly units = new Map<string, string>();
  /** One entry a series, by `seriesKey`. */
  readonly series = new Map<string, Sample>();
  /** Whether the text ended in `# EOF`, as OpenMetrics must. */
  complete = false;

  /** All series of this name whose labels include `labels`. */
  select(name: string, labels: Labels = {}): Sample[] {
    return [...this.series.values()].filter((sample) => sample.name === name && includes(sample.labels, labels));
  }

  /** The sum over all series of this name whose labels include `labels`; 0 if there is none. */
  sum(name: string, labels: Labels = {}): number {
    return this.select(name, labels).reduce((total, sample) => total + sample.value, 0);
  }

  /**
   * The value of the one series of this name whose labels include `labels`; undefined if there is none.
   *
   * @throws Error if there are several
   */
  value(name: string, labels: Labels = {}): number | undefined {
    const found = this.select(name, labels);
    if (found.length > 1) {
      throw new Error(`${found.length} series match ${name}${JSON.stringify(labels)}:\n${found.map(show).join('\n')}`);
    }
    return found[0]?.value;
  }

  /** A classic histogram, summed over all series whose labels include `labels`. */
  histogram(name: string, labels: Labels = {}): ClassicHistogram {
    const buckets = new Map<string, number>();
    for (const sample of this.select(`${name}_bucket`, labels)) {
      const bound = sample.labels.le ?? '';
      buckets.set(bound, (buckets.get(bound) ?? 0) + sample.value);
    }
    return { count: this.sum(`${name}_count`, labels), sum: this.sum(`${name}_sum`, labels), buckets };
  }

  /** The series that may never fall: counters, and counts, sums and buckets of histograms. */
  cumulative(): Map<string, Sample> {
    return new Map([...this.series].filter(([, sample]) => this.#isCumulative(sample.name)));
  }

  #isCumulative(name: string): boolean {
    const family = this.family(name);
    const type = family && this.types.get(family);
    return type === 'counter' || type === 'histogram';
  }

  /** The metric family that a sample of this name belongs to. */
  family(name: string): string | undefined {
    if (this.types.has(name)) return name;
    const base = name.replace(/_(total|bucket|count|sum|created|info)$/, '');
    return this.types.has(base) ? base : undefined;
  }
}

/** A counter that fell, or a series of one that vanished, between two scrapes. */
export function fallenCounters(before: Exposition, after: Exposition): string[] {
  return [...before.cumulative()].flatMap(([key, sample]) => {
    const now = after.series.get(key)?.value;
    return now === undefined || now < sample.value ? [`${key}: ${sample.value} → ${now ?? 'gone'}`] : [];
  });
}

/** Name and sorted labels: the same for the same series, however it was written. */
export function seriesKey(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`;
}

/**
 * Reads Prometheus text 0.0.4 or OpenMetrics 1.0.
 *
 * @throws Error at a line that is neither, a duplicate series, a sample without TYPE, or families that interleave
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended by a line feed');
  const exposition = new Exposition();
  const closed = new Set<string>();
  let current = '';
  const enter = (family: string): void => {
    if (family === current) return;
    if (closed.has(family)) throw new Error(`lines of ${family} are not together`);
    closed.add(current);
    current = family;
  };
  for (const line of text.slice(0, -1).split('\n')) {
    if (exposition.complete) throw new Error(`a line after # EOF: ${line}`);
    if (line === '# EOF') exposition.complete = true;
    else if (line.startsWith('# ')) enter(readMetadata(exposition, line));
    else if (line !== '') enter(readSample(exposition, line));
  }
  return exposition;
}

const metadata = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*)(?: (.*))?$/;
const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*?)\})? ([^ ]+)(?: [0-9.]+)?(?: # .*)?$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

function readMetadata(exposition: Exposition, line: string): string {
  const [, keyword = '', family = '', text = ''] = metadata.exec(line) ?? [];
  const table = { HELP: exposition.help, TYPE: exposition.types, UNIT: exposition.units }[keyword];
  if (!table) throw new Error(`not a line of metadata: ${line}`);
  if (table.has(family)) throw new Error(`a second ${keyword} of ${family}`);
  table.set(family, text);
  return family;
}

function readSample(exposition: Exposition, line: string): string {
  const [, name = '', pairs = '', number = ''] = sample.exec(line) ?? [];
  const family = exposition.family(name);
  if (family === undefined) throw new Error(`a sample without TYPE, or no sample: ${line}`);
  const labels = readLabels(pairs, line);
  const key = seriesKey(name, labels);
  if (exposition.series.has(key)) throw new Error(`a duplicate series: ${line}`);
  exposition.series.set(key, { name, labels, value: readNumber(number, line) });
  return family;
}

function readLabels(pairs: string, line: string): Labels {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < pairs.length) {
    const found = label.exec(pairs);
    if (!found) throw new Error(`labels that cannot be read: ${line}`);
    const [, key = '', value = ''] = found;
    if (key in labels) throw new Error(`label ${key} twice: ${line}`);
    labels[key] = value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

function readNumber(text: string, line: string): number {
  const named: Record<string, number> = { '+Inf': Infinity, '-Inf': -Infinity, NaN: Number.NaN };
  const value = named[text] ?? Number(text);
  if (Number.isNaN(value) && text !== 'NaN') throw new Error(`not a number: ${line}`);
  return value;
}

function includes(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function show({ name, labels, value }: Sample): string {
  return `${seriesKey(name, labels)} ${value}`;
}
