// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '@sonde/native';
import type { StructLayout } from '../decoder/types.ts';
import { sizeOf, typeName } from './btf.ts';
import { numberReader, textReader } from './read.ts';
import { resolvePath } from './resolve.ts';

/** The layout of a type as a decoder sees it. */
export function structLayout(btf: Btf, typeId: number): StructLayout {
  return {
    name: typeName(btf, typeId).replace(/^(struct|union) /, ''),
    size: sizeOf(btf, typeId),
    offset: (path) => resolvePath(btf, typeId, path).offset,
    number: (path) => numberReader(resolvePath(btf, typeId, path)),
    text: (path) => textReader(resolvePath(btf, typeId, path)),
  };
}
