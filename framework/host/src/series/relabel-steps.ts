// SPDX-License-Identifier: Apache-2.0
import type { RelabelStep } from './types.ts';

/** What steps see and change: the labels of a series, or the attributes of an event or span. */
export interface Draft {
  /** '' = absent. */
  read(attribute: string): string | number | boolean;
  /** An empty value takes the label away. */
  write(label: string, value: string): void;
}

/** Goes over a draft. Returns false to leave it out. */
export type Relabelling = (draft: Draft) => boolean;

/**
 * Constants as labels, then the steps one after the other, until one leaves the draft out.
 *
 * @param constants labels that everything gets
 */
export function compileRelabelling(constants: Readonly<Record<string, string>>, steps: readonly RelabelStep[]): Relabelling {
  const writes = Object.entries(constants).map(([label, value]): Relabelling => (draft) => {
    draft.write(label, value);
    return true;
  });
  const all = [...writes, ...steps.map(compile)];
  return (draft) => all.every((step) => step(draft));
}

function compile({ action, from, regex = '(.*)', to = '', value = '$1' }: RelabelStep): Relabelling {
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
