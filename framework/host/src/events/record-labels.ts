// SPDX-License-Identifier: Apache-2.0
import type { Identity, Labels } from '../identity/types.ts';
import type { Labelled } from './types.ts';

/** The labels that an event or span goes out with: those of its process, as the rules of the sink left them. */
export function recordLabels({ identity: id, labels }: Labelled, identity: Pick<Identity, 'labels'>): Labels {
  return labels ?? identity.labels(id);
}
