// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../identity/types.ts';
import { keyOf, type LabelPicker, sameName } from './labels.ts';
import type { Draft, Relabelling } from './relabel-steps.ts';
import type { LabelSet } from './types.ts';

/** What a series is, for rules. */
export interface SeriesKind {
  probe: string;
  entity: string;
}

/**
 * Sends the label sets of a picker through steps. They read any attribute, whether it was chosen as a label or not; what they
 * write is a label of the entity, unless identity has a label of that name.
 */
export function relabelling(picker: LabelPicker, relabel: Relabelling, own: readonly string[], kind: SeriesKind): LabelPicker {
  return new Relabelled(picker, relabel, own, kind);
}

class Relabelled implements LabelPicker {
  readonly namesProcess: boolean;
  readonly namesEntity: boolean;
  readonly namesGroup: boolean;
  key = '';
  isDropped = false;
  readonly #picker: LabelPicker;
  readonly #relabel: Relabelling;
  readonly #own: readonly string[];
  readonly #kind: Readonly<Record<string, string>>;
  /** Lists of names, each once. */
  readonly #names = new Map<string, readonly string[]>();
  #labels: LabelSet = { names: [], values: [], identity: 0 };

  constructor(picker: LabelPicker, relabel: Relabelling, own: readonly string[], { probe, entity }: SeriesKind) {
    this.#picker = picker;
    this.#relabel = relabel;
    this.#own = own;
    this.#kind = { 'sonde.probe': probe, 'sonde.metric.entity': entity };
    this.namesProcess = picker.namesProcess;
    this.namesEntity = picker.namesEntity;
    this.namesGroup = picker.namesGroup;
  }

  pick(identity: Labels, attributes: readonly string[]): void {
    this.#picker.pick(identity, attributes);
    const { names: chosen, values: before, identity: ofIdentity } = this.#picker.labels();
    const names = [...chosen];
    const values = [...before];
    const indexOf = (label: string) => names.findIndex((name) => sameName(name) === sameName(label));
    const draft: Draft = {
      read: (attribute) => {
        const index = indexOf(attribute);
        if (index !== -1) return values[index]!;
        const own = attributes[this.#own.indexOf(attribute)];
        return this.#kind[attribute] ?? own ?? identity.get(attribute) ?? '';
      },
      write: (label, value) => {
        const index = indexOf(label);
        if (index !== -1) values[index] = value;
        else if (value !== '') values[names.push(label) - 1] = value;
      },
    };
    this.isDropped = !this.#relabel(draft);
    const nameKey = keyOf(names);
    this.key = nameKey + keyOf(values);
    this.#labels = { names: this.#intern(nameKey, names), values, identity: ofIdentity };
  }

  labels(): LabelSet {
    return this.#labels;
  }

  #intern(key: string, names: readonly string[]): readonly string[] {
    const known = this.#names.get(key);
    if (known === undefined) this.#names.set(key, names);
    return known ?? names;
  }
}
