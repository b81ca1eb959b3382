// SPDX-License-Identifier: Apache-2.0
export { sizeOf, typeName } from './btf.ts';
export { beginsWithStruct, fieldNames, fieldsWithMeaning } from './fields.ts';
export { histogramLayout, type HistogramLayout } from './histogram.ts';
export { type Reader } from './integers.ts';
export { fieldReader, isCompound, isNumeric, isText, numberReader, textReader } from './read.ts';
export { fieldLayouts, findStruct, resolvePath } from './resolve.ts';
export { structLayout } from './struct-layout.ts';
export type { FieldKind, FieldLayout, Meaning } from './types.ts';
export { fieldWriter, type FieldWriter } from './write.ts';
