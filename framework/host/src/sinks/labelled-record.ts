// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Labelled } from '../events/index.ts';
import type { Identity, Labels } from '../identity/types.ts';
import { type Draft, type Relabelling, sameName } from '../series/index.ts';

/** What events and spans have in common, for rules. */
interface Relabelled extends Labelled {
  readonly probe: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Resources that rules have made of the labels of one process: more are made anew. */
const MOST_VARIANTS = 256;
const MOST_NAMES = 4096;

/**
 * Sends events (or spans) through the rules that series go through: they read and write attributes of the record and labels
 * of identity alike, and a name that neither has becomes an attribute.
 *
 * @param rules those of a probe; undefined if there are none
 * @param nameAttribute what stands for the record's name in rules
 * @returns undefined for a record that is left out
 */
export function recordLabelling<Kind extends Relabelled>(
  rules: (probe: string) => Relabelling | undefined,
  nameAttribute: string,
  identity: Pick<Identity, 'labels'>,
): (record: Kind) => Kind | undefined {
  return (record) => {
    const relabel = rules(record.probe);
    if (relabel === undefined) return record;
    const draft = new RecordDraft(record, identity.labels(record.identity), nameAttribute);
    if (!relabel(draft)) return undefined;
    return { ...record, attributes: draft.attributes, labels: draft.labels() };
  };
}

class RecordDraft implements Draft {
  attributes: Readonly<Record<string, AttributeValue>>;
  readonly #record: Relabelled;
  readonly #identity: Labels;
  readonly #nameAttribute: string;
  /** What differs from `#identity`; '' = taken away. */
  #changes: Map<string, string> | undefined;

  constructor(record: Relabelled, identity: Labels, nameAttribute: string) {
    this.attributes = record.attributes;
    this.#record = record;
    this.#identity = identity;
    this.#nameAttribute = nameAttribute;
  }

  read(attribute: string): AttributeValue {
    const own = ownName(this.attributes, attribute);
    if (own !== undefined) return this.attributes[own]!;
    if (attribute === 'sonde.probe') return this.#record.probe;
    if (attribute === this.#nameAttribute) return this.#record.name;
    const known = identityName(this.#identity, attribute);
    return known === undefined ? '' : (this.#changes?.get(known) ?? this.#identity.get(known)!);
  }

  write(label: string, value: string): void {
    const own = ownName(this.attributes, label);
    const known = own === undefined ? identityName(this.#identity, label) : undefined;
    if (known !== undefined) (this.#changes ??= new Map()).set(known, value);
    else this.#writeOwn(own ?? label, value);
  }

  /** The same object for the same labels of identity with the same changes, by which sinks know a Resource again. */
  labels(): Labels {
    if (this.#changes === undefined) return this.#identity;
    let variants = variantsOf.get(this.#identity);
    if (!variants) variantsOf.set(this.#identity, (variants = new Map()));
    const key = JSON.stringify([...this.#changes]);
    let labels = variants.get(key);
    if (!labels) {
      if (variants.size >= MOST_VARIANTS) variants.clear();
      const all = new Map([...this.#identity, ...this.#changes]);
      variants.set(key, (labels = new Map([...all].filter(([, value]) => value !== ''))));
    }
    return labels;
  }

  #writeOwn(name: string, value: string): void {
    const { [name]: _, ...others } = this.attributes;
    this.attributes = value === '' ? others : { ...this.attributes, [name]: value };
  }
}

const variantsOf = new WeakMap<Labels, Map<string, Labels>>();

function ownName(attributes: Readonly<Record<string, AttributeValue>>, name: string): string | undefined {
  if (Object.hasOwn(attributes, name)) return name;
  const wanted = plain(name);
  for (const own in attributes) if (plain(own) === wanted) return own;
  return undefined;
}

const namesOf = new WeakMap<Labels, ReadonlyMap<string, string>>();

function identityName(labels: Labels, name: string): string | undefined {
  if (labels.has(name)) return name;
  let names = namesOf.get(labels);
  if (!names) namesOf.set(labels, (names = new Map([...labels.keys()].map((known) => [plain(known), known]))));
  return names.get(plain(name));
}

const plainNames = new Map<string, string>();

/** {@link sameName}, remembered: names are few as a rule, and each event asks. */
function plain(name: string): string {
  let known = plainNames.get(name);
  if (known === undefined) {
    if (plainNames.size >= MOST_NAMES) plainNames.clear();
    plainNames.set(name, (known = sameName(name)));
  }
  return known;
}
