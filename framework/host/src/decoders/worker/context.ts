// SPDX-License-Identifier: Apache-2.0
import { findStruct, resolvePath, sondeError, structLayout } from '@sonde/kit';
import type { DecoderContext, Params, StructLayout } from '@sonde/kit/decoder';
import type { DecoderDefinition } from '../types.ts';
import { internedText } from './interned-text.ts';

/** What a decoder is given when it is made. */
export function decoderContext({ probe, btf: types, maps }: DecoderDefinition, params: Params): DecoderContext {
  const btf = { types };
  const layoutOf = (typeId: number): StructLayout => {
    const layout = structLayout(btf, typeId);
    return { ...layout, text: (path) => internedText(resolvePath(btf, typeId, path), layout.text(path)) };
  };
  return {
    probe,
    params,
    layout: (struct) => layoutOf(findStruct(btf, struct)),
    map(name) {
      const { keyType, valueType } = maps[name] ?? {};
      if (keyType === undefined || valueType === undefined) {
        throw sondeError('SONDE_DECODER_MAP', { map: name, known: Object.keys(maps).join(', ') });
      }
      return { key: layoutOf(keyType), value: layoutOf(valueType) };
    },
  };
}
