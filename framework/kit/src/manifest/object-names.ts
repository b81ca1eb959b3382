// SPDX-License-Identifier: Apache-2.0
import type { Manifest } from './generated/types.ts';

/** The paths of the objects that a manifest names, best first, relative to it. */
export function objectNames({ object = [] }: Pick<Manifest, 'object'>): readonly string[] {
  return typeof object === 'string' ? [object] : object;
}
