// SPDX-License-Identifier: Apache-2.0
import type { ImageFacts } from './types.ts';

/**
 * Takes a reference such as `registry:5000/team/app:1.2@sha256:…` apart. A reference that is only an id, as runtimes give it
 * for an image without a name, has no name.
 */
export function imageFacts(reference: string, id?: string): ImageFacts {
  const [named = ''] = reference.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const isId = /^(?:sha256:)?[0-9a-f]{12,64}$/.test(named);
  return {
    ...(!isId && name !== '' && { name }),
    ...(!isId && hasTag && { tag: named.slice(colon + 1) }),
    ...(id && { id }),
  };
}
