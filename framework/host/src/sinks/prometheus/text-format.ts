// SPDX-License-Identifier: Apache-2.0
import type { Exemplar, HistogramValue, LabelSet } from '../../series/types.ts';
import type { ByteWriter } from './byte-writer.ts';
import { classicEdges, cumulativeCounts, exemplarsByEdge, newestOf, type Edge } from './edges.ts';
import type { Family } from './families.ts';
import { namesOnce, type FamilyWriter, type Format, type LabelBytes } from './format.ts';
import { labelName } from './names.ts';

const [OPEN, CLOSE, SPACE, COMMA, NEWLINE] = ['{', '}', ' ', ',', '\n'].map((character) => character.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
];

export interface TextOptions {
  openMetrics: boolean;
  /** Write when each counter and histogram began (OpenMetrics only). */
  created: boolean;
}

/** The text format 0.0.4, or OpenMetrics 1.0. */
export function textFormat({ openMetrics, created }: TextOptions): Format {
  const labelNames = namesOnce(labelName);
  return {
    contentType: openMetrics
      ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
      : 'text/plain; version=0.0.4; charset=utf-8',
    encodeLabels: (labels) => Buffer.from(labelText(labels, labelNames(labels.names))),
    family: (family, out) => {
      writeHead(family, openMetrics, out);
      return new TextFamily(family, out, { openMetrics, created: openMetrics && created });
    },
    finish: (out) => openMetrics && out.ascii('# EOF\n'),
  };
}

function writeHead({ name, type, unit, help }: Family, openMetrics: boolean, out: ByteWriter): void {
  const full = type === 'counter' && !openMetrics ? `${name}_total` : name;
  out.text(`# HELP ${full} ${openMetrics ? escapeValue(help) : escapeHelp(help)}\n`);
  out.text(`# TYPE ${full} ${type}\n`);
  if (openMetrics && unit !== '') out.text(`# UNIT ${full} ${unit}\n`);
}

class TextFamily implements FamilyWriter {
  readonly #out: ByteWriter;
  readonly #openMetrics: boolean;
  readonly #isCounter: boolean;
  readonly #created: boolean;
  readonly #createdName: Uint8Array;
  readonly #name: Uint8Array;
  readonly #bucketName: Uint8Array;
  readonly #sumName: Uint8Array;
  readonly #countName: Uint8Array;
  readonly #edges: readonly Edge[];
  /** `le="…"` of each edge. */
  readonly #les: readonly Uint8Array[];
  readonly #counts: Float64Array;

  constructor({ name, type, range }: Family, out: ByteWriter, { openMetrics, created }: TextOptions) {
    this.#out = out;
    this.#openMetrics = openMetrics;
    this.#isCounter = type === 'counter';
    this.#created = created && type !== 'gauge';
    this.#name = Buffer.from(type === 'counter' ? `${name}_total` : name);
    this.#createdName = Buffer.from(`${name}_created`);
    this.#bucketName = Buffer.from(`${name}_bucket`);
    this.#sumName = Buffer.from(`${name}_sum`);
    this.#countName = Buffer.from(`${name}_count`);
    this.#edges = range ? classicEdges(range) : [];
    this.#les = this.#edges.map(({ le }) => Buffer.from(`le="${formatEdge(le, openMetrics)}"`));
    this.#counts = new Float64Array(this.#edges.length);
  }

  number(labels: LabelBytes, value: number, created: number, exemplars?: readonly Exemplar[]): void {
    const exemplar = exemplars && this.#isCounter ? newestOf(exemplars) : undefined;
    this.#line(this.#name, labels, undefined, value, exemplar);
    if (this.#created) this.#line(this.#createdName, labels, undefined, created / 1000);
  }

  histogram(labels: LabelBytes, value: HistogramValue, created: number, exemplars?: readonly Exemplar[]): void {
    cumulativeCounts(this.#edges, value, this.#counts);
    const ofBucket = exemplars && exemplarsByEdge(this.#edges, exemplars);
    for (let i = 0; i < this.#les.length; i++) {
      this.#line(this.#bucketName, labels, this.#les[i], this.#counts[i]!, ofBucket?.[i]);
    }
    this.#line(this.#bucketName, labels, INFINITY, value.count, ofBucket?.[this.#les.length]);
    this.#line(this.#sumName, labels, undefined, value.sum);
    this.#line(this.#countName, labels, undefined, value.count);
    if (this.#created) this.#line(this.#createdName, labels, undefined, created / 1000);
  }

  end(): void {}

  #line(
    name: Uint8Array,
    { bytes, start, end }: LabelBytes,
    le: Uint8Array | undefined,
    value: number,
    exemplar?: Exemplar,
  ): void {
    const out = this.#out;
    out.copy(name, 0, name.length);
    if (end > start || le) {
      out.byte(OPEN);
      out.copy(bytes, start, end);
      if (le) {
        if (end > start) out.byte(COMMA);
        out.copy(le, 0, le.length);
      }
      out.byte(CLOSE);
    }
    out.byte(SPACE);
    out.number(value);
    if (exemplar && this.#openMetrics) this.#exemplar(exemplar);
    out.byte(NEWLINE);
  }

  #exemplar({ traceId, spanId, value, time }: Exemplar): void {
    const out = this.#out;
    out.ascii(` # {trace_id="${traceId}",span_id="${spanId}"} `);
    out.number(value);
    out.byte(SPACE);
    out.number(time / 1000);
  }
}

const INFINITY = Buffer.from('le="+Inf"');

/** As Prometheus itself writes it, so that a series is the same whichever format it was scraped in. */
export function formatEdge(le: number, openMetrics: boolean): string {
  if (le < 1e-4) return le.toExponential().replace(/e-(\d)$/, 'e-0$1');
  if (le >= 1e21) return String(le);
  return Number.isInteger(le) && openMetrics ? `${le}.0` : String(le);
}

function labelText({ values }: LabelSet, names: readonly string[]): string {
  let text = '';
  for (let i = 0; i < names.length; i++) {
    const value = values[i]!;
    if (value === '') continue;
    if (text !== '') text += ',';
    text += `${names[i]}="${typeof value === 'string' ? escapeValue(value) : value}"`;
  }
  return text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

const SPECIAL = /[\\\n"]/;

/** Label values in both formats, and HELP in OpenMetrics. */
function escapeValue(text: string): string {
  return SPECIAL.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}
