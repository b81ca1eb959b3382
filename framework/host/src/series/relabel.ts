// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../identity/types.ts';
import { keyOf, type LabelPicker, sameName } from './labels.ts';
import type { LabelSet, RelabelStep } from './types.ts';

/** What a series is, for rules. */
export interface SeriesKind {
  probe: string;
  entity: string;
}

type Value = string | number;

/** What one step sees and changes. */
interface Draft {
  read(attribute: string): Value;
  write(label: string, value: string): void;
}

/** Returns false to leave the series out. */
type Step = (draft: Draft) => boolean;

/**
 * Sends the label sets of a picker through steps. They read any attribute, whether it was chosen as a label or not; what they
 * write is a label of the entity, unless identity has a label of that name.
 *
 * @param constants labels that every series gets, before the steps
 */
export function relabelling(
  picker: LabelPicker,
  constants: Readonly<Record<string, string>>,
  steps: readonly RelabelStep[],
  own: readonly string[],
  kind: SeriesKind,
): LabelPicker {
  const writes = Object.entries(constants).map(([label, value]): Step => (draft) => {
    draft.write(label, value);
    return true;
  });
  return new Relabelled(picker, [...writes, ...steps.map(compile)], own, kind);
}

function compile({ action, from, regex = '(.*)', to = '', value = '$1' }: RelabelStep): Step {
  const expression = new RegExp(`^(?:${regex})$`, 's');
  return (draft) => {
    const text = from.map((attribute) => draft.read(attribute)).join(';');
    const matches = expression.test(text);
    if (action === 'drop') return !matches;
    if (action === 'keep') return matches;
    if (matches) draft.write(to, text.replace(expression, value));
    return true;
  };
}

class Relabelled implements LabelPicker {
  readonly namesProcess: boolean;
  readonly namesEntity: boolean;
  readonly namesGroup: boolean;
  key = '';
  isDropped = false;
  readonly #picker: LabelPicker;
  readonly #steps: readonly Step[];
  readonly #own: readonly string[];
  readonly #kind: Readonly<Record<string, string>>;
  /** Lists of names, each once. */
  readonly #names = new Map<string, readonly string[]>();
  #labels: LabelSet = { names: [], values: [], identity: 0 };

  constructor(picker: LabelPicker, steps: readonly Step[], own: readonly string[], { probe, entity }: SeriesKind) {
    this.#picker = picker;
    this.#steps = steps;
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
    this.isDropped = !this.#steps.every((step) => step(draft));
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
