// SPDX-License-Identifier: Apache-2.0
import type { ViewReader } from '../../../src/series/types.ts';
import { Exposition } from '../../../src/sinks/prometheus/exposition.ts';
import { familiesOf } from '../../../src/sinks/prometheus/families.ts';
import type { Format } from '../../../src/sinks/prometheus/format.ts';

/** A whole exposition at once. */
export function render(reader: ViewReader, format: Format): Buffer {
  return Buffer.concat([...new Exposition(format).write(familiesOf(reader.snapshot()).families)].flat());
}
