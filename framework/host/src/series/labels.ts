// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../identity/types.ts';
import type { LabelChoice, LabelSet, LabelSpec } from './types.ts';

/** Two names that are one to a back end which allows no punctuation but `_`. */
export function sameName(name: string): string {
  return name.replace(/[^a-zA-Z0-9]+/g, '_');
}

/** The label set of the overflow series. */
export const OVERFLOW_LABELS: LabelSet = { names: ['otel.metric.overflow'], values: ['true'], identity: 0 };

/** Makes label sets for the rows of one entity under one choice of labels. */
export interface LabelPicker {
  /** Whether the labels tell one process from another, and whether they tell all rows of one process apart. */
  readonly namesProcess: boolean;
  readonly namesEntity: boolean;
  /** Sets `key` and `labels`. Rows with equal keys belong to the same series. */
  pick(identity: Labels, attributes: readonly string[]): void;
  key: string;
  labels(): LabelSet;
}

const PROCESS = 'process.pid';

/** @param own The entity's own attributes. An identity attribute of the same name gives way. */
export function labelPicker(spec: LabelSpec, own: readonly string[]): LabelPicker {
  const chosen = ownIndexes(spec.attributes ?? 'all', own);
  const taken = new Set(chosen.map((index) => sameName(own[index]!)));
  const namesEntity = chosen.length === own.length;
  if (spec.identity === 'all') return new AllLabels(own, chosen, taken, namesEntity);
  const identity = spec.identity.filter((name) => !taken.has(sameName(name)));
  return new FixedLabels(identity, own, chosen, namesEntity);
}

function ownIndexes(choice: LabelChoice, own: readonly string[]): number[] {
  return [...own.keys()].filter((index) => choice === 'all' || choice.includes(own[index]!));
}

/** A fixed list of identity attributes: every label set of the entity shares one list of names. */
class FixedLabels implements LabelPicker {
  readonly namesProcess: boolean;
  readonly namesEntity: boolean;
  key = '';
  readonly #names: readonly string[];
  readonly #identity: readonly string[];
  readonly #own: readonly number[];
  #values: (string | number)[] = [];

  constructor(identity: readonly string[], own: readonly string[], chosen: readonly number[], namesEntity: boolean) {
    this.#identity = identity;
    this.#own = chosen;
    this.#names = [...identity, ...chosen.map((index) => own[index]!)];
    this.namesProcess = identity.includes(PROCESS);
    this.namesEntity = namesEntity;
  }

  pick(identity: Labels, attributes: readonly string[]): void {
    const values: (string | number)[] = [];
    for (const name of this.#identity) values.push(wellFormed(identity.get(name) ?? ''));
    for (const index of this.#own) values.push(wellFormed(attributes[index] ?? ''));
    this.#values = values;
    this.key = keyOf(values);
  }

  labels(): LabelSet {
    return { names: this.#names, values: this.#values, identity: this.#identity.length };
  }
}

/** Whatever identity knows: the names differ from process to process, and are sorted so that their order does not matter. */
class AllLabels implements LabelPicker {
  readonly namesProcess = true;
  readonly namesEntity: boolean;
  key = '';
  readonly #own: readonly string[];
  readonly #chosen: readonly number[];
  readonly #taken: ReadonlySet<string>;
  readonly #interned = new Map<string, readonly string[]>();
  #labels: LabelSet = { names: [], values: [], identity: 0 };

  constructor(own: readonly string[], chosen: readonly number[], taken: ReadonlySet<string>, namesEntity: boolean) {
    this.#own = own;
    this.#chosen = chosen;
    this.#taken = taken;
    this.namesEntity = namesEntity;
  }

  pick(identity: Labels, attributes: readonly string[]): void {
    const known = [...identity].filter(([name]) => !this.#taken.has(sameName(name))).sort(byName);
    const names = known.map(([name]) => name);
    const values = known.map(([, value]) => wellFormed(value));
    for (const index of this.#chosen) {
      names.push(this.#own[index]!);
      values.push(wellFormed(attributes[index] ?? ''));
    }
    const nameKey = keyOf(names);
    this.key = nameKey + keyOf(values);
    this.#labels = { names: this.#intern(nameKey, names), values, identity: known.length };
  }

  labels(): LabelSet {
    return this.#labels;
  }

  #intern(key: string, names: readonly string[]): readonly string[] {
    const interned = this.#interned.get(key);
    if (interned) return interned;
    this.#interned.set(key, names);
    return names;
  }
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function wellFormed(value: string | number): string | number {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Unambiguous whatever the values contain. */
export function keyOf(values: readonly (string | number)[]): string {
  let key = '';
  for (const value of values) {
    const text = typeof value === 'string' ? value : String(value);
    key += `${text.length}:${text}`;
  }
  return key;
}
