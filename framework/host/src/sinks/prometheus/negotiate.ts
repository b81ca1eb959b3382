// SPDX-License-Identifier: Apache-2.0

export type FormatName = 'protobuf' | 'openmetrics' | 'text';
export type Encoding = 'zstd' | 'gzip' | 'identity';

interface Range {
  value: string;
  params: ReadonlyMap<string, string>;
  q: number;
}

/** Most expressive first: what is chosen where a client likes several equally. */
const FORMATS: readonly { name: FormatName; accepts(range: Range): boolean }[] = [
  {
    name: 'protobuf',
    accepts: ({ value, params }) =>
      value === 'application/vnd.google.protobuf' &&
      params.get('proto') === 'io.prometheus.client.MetricFamily' &&
      params.get('encoding') === 'delimited',
  },
  {
    name: 'openmetrics',
    accepts: ({ value, params }) =>
      value === 'application/openmetrics-text' && (params.get('version') ?? '1.0.0') === '1.0.0',
  },
  {
    name: 'text',
    accepts: ({ value, params }) =>
      ['text/plain', 'text/*', '*/*'].includes(value) && (params.get('version') ?? '0.0.4') === '0.0.4',
  },
];

/** The format that an Accept header likes best; the text format, which every client reads, if it names none of ours. */
export function chooseFormat(accept = '*/*'): FormatName {
  const ranges = parse(accept);
  return best(FORMATS.map(({ name, accepts }) => ({ name, q: quality(ranges, accepts) }))) ?? 'text';
}

/** The encoding that an Accept-Encoding header likes best; zstd before gzip, since it costs half as much. */
export function chooseEncoding(accept = ''): Encoding {
  const ranges = parse(accept);
  const explicit = (name: string): number | undefined => ranges.find(({ value }) => value === name)?.q;
  const any = explicit('*') ?? 0;
  const named = (['zstd', 'gzip'] as const).map((name) => ({ name, q: explicit(name) ?? any }));
  return best([...named, { name: 'identity' as const, q: (explicit('identity') ?? 0.001) || 0.001 }]) ?? 'identity';
}

function quality(ranges: readonly Range[], accepts: (range: Range) => boolean): number {
  return Math.max(0, ...ranges.filter(accepts).map(({ q }) => q));
}

function best<Name>(candidates: readonly { name: Name; q: number }[]): Name | undefined {
  const liked = candidates.filter(({ q }) => q > 0);
  return liked.toSorted((a, b) => b.q - a.q)[0]?.name;
}

function parse(header: string): Range[] {
  return header.split(',').map((part) => {
    const [value = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const pairs = rest.map((piece): [string, string] => {
      const [key = '', quoted = ''] = piece.split('=');
      return [key.trim().toLowerCase(), quoted.trim().replace(/^"(.*)"$/, '$1')];
    });
    const params = new Map(pairs);
    const q = Number(params.get('q') ?? 1);
    return { value: value.toLowerCase(), params, q: Number.isFinite(q) ? q : 0 };
  });
}
