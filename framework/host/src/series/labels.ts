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
  /** Whether they tell one container, or pod, from another. */
  readonly namesGroup: boolean;
  /** Sets `key` and `labels`. Rows with equal keys belong to the same series. */
  pick(identity: Labels, attributes: readonly string[]): void;
  key: string;
  /** A rule leaves the picked row out. */
  readonly isDropped: boolean;
  labels(): LabelSet;
}

const PROCESS = 'process.pid';
const GROUPS: readonly string[] = ['container.id', 'container.name', 'k8s.pod.uid', 'k8s.pod.name'];

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
  readonly namesGroup: boolean;
  key = '';
  readonly isDropped = false;
  readonly #names: readonly string[];
  readonly #identity: readonly string[];
  readonly #own: readonly number[];
  #values: (string | number)[] = [];

  constructor(identity: readonly string[], own: readonly string[], chosen: readonly number[], namesEntity: boolean) {
    this.#identity = identity;
    this.#own = chosen;
    this.#names = [...identity, ...chosen.map((index) => own[index]!)];
    this.namesProcess = identity.includes(PROCESS);
    this.namesGroup = GROUPS.some((name) => identity.includes(name));
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

/** The names of label sets that were made of the same attributes of identity. */
interface Shape {
  key: string;
  /** Sorted, so that the order in which identity learned of them does not matter. */
  identity: readonly string[];
  names: readonly string[];
}

/** Whatever identity knows: the names differ from process to process. */
class AllLabels implements LabelPicker {
  readonly namesProcess = true;
  readonly namesGroup = true;
  readonly namesEntity: boolean;
  key = '';
  readonly isDropped = false;
  readonly #own: readonly string[];
  readonly #chosen: readonly number[];
  readonly #taken: ReadonlySet<string>;
  readonly #shapes = new Map<string, Shape>();
  #shape: Shape = { key: '', identity: [], names: [] };
  #values: (string | number)[] = [];

  constructor(own: readonly string[], chosen: readonly number[], taken: ReadonlySet<string>, namesEntity: boolean) {
    this.#own = own;
    this.#chosen = chosen;
    this.#taken = taken;
    this.namesEntity = namesEntity;
  }

  pick(identity: Labels, attributes: readonly string[]): void {
    const shape = this.#shapeOf(identity);
    const values: (string | number)[] = [];
    for (const name of shape.identity) values.push(wellFormed(identity.get(name)!));
    for (const index of this.#chosen) values.push(wellFormed(attributes[index] ?? ''));
    this.#shape = shape;
    this.#values = values;
    this.key = shape.key + keyOf(values);
  }

  labels(): LabelSet {
    return { names: this.#shape.names, values: this.#values, identity: this.#shape.identity.length };
  }

  #shapeOf(identity: Labels): Shape {
    let asKnown = '';
    for (const name of identity.keys()) asKnown += `${name} `;
    let shape = this.#shapes.get(asKnown);
    if (!shape) {
      const known = [...identity.keys()].filter((name) => !this.#taken.has(sameName(name))).sort();
      const names = [...known, ...this.#chosen.map((index) => this.#own[index]!)];
      shape = { key: keyOf(known), identity: known, names };
      this.#shapes.set(asKnown, shape);
    }
    return shape;
  }
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
