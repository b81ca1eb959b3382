// SPDX-License-Identifier: Apache-2.0
import { numberReader, resolvePath, type Entity, type Metric, type RingSource } from '@sonde/kit';
import { NO_PROCESS, type Row } from '@sonde/kit/decoder';
import type { Btf } from '@sonde/native';
import { ColumnReader } from '../decoders/columns.ts';
import { Emitter } from '../decoders/worker/emitter.ts';
import type { Identity } from '../identity/types.ts';
import type { EntityTable } from '../series/types.ts';
import { eventHeader, recordLayout, type RecordSource } from './record-source.ts';

export interface RingSourceServices {
  readonly identity: Pick<Identity, 'process' | 'settle' | 'ended' | 'on' | 'off'>;
}

/** Adds what one record says of one metric. */
type MetricAdder = (emit: Emitter, row: Row, view: DataView, base: number) => void;

/** A source of records that holds on to something; to be closed. */
export interface RingEntitySource extends RecordSource {
  close(): void;
}

/**
 * An entity of a manifest with the source `ring`: each record counts `weight` times. A counter adds its field or
 * number, a histogram observes its field. Records are added up over one wake-up before they reach the table.
 * @throws as {@link recordLayout}
 */
export function compileRingSource(
  entity: Entity & { source: RingSource },
  btf: Btf,
  table: EntityTable,
  { identity }: RingSourceServices,
): RingEntitySource {
  const { definition } = table;
  const layout = recordLayout(entity.source, entity, btf);
  const adders = Object.entries(entity.metrics).map(([name, metric]) => metricAdder(name, metric, btf, layout.type));
  const plain = { entities: [definition], events: [], spans: [], probe: definition.probe };
  const emit = new Emitter(plain);
  const reader = new ColumnReader(plain, { tables: [table], identity, emit: () => {}, emitSpan: () => {}, clockOffset: () => 0 });

  return {
    ring: entity.source.ring,
    records(batch) {
      layout.each(batch, (view, base) => {
        const process = layout.process === undefined ? NO_PROCESS : emit.process(view, base + layout.process);
        const row = emit.entity(
          definition.name,
          process,
          layout.attributes.map((read) => String(read(view, base))),
        );
        for (const add of adders) add(emit, row, view, base);
      });
      const columns = emit.take();
      if (columns) reader.apply(columns);
      const ended = reader.takeEnded();
      for (const process of ended) emit.processes.forget(process);
      reader.forget(ended);
    },
    setParams() {},
    close: () => reader.close(),
  };
}

function metricAdder(name: string, { type, value }: Metric, btf: Btf, struct: number): MetricAdder {
  if (typeof value === 'number') {
    return (emit, row, view, base) => emit.add(row, name, value * eventHeader(view, base).weight);
  }
  const read = numberReader(resolvePath(btf, struct, value ?? ''));
  if (type === 'histogram') {
    return (emit, row, view, base) => emit.observe(row, name, read(view, base), eventHeader(view, base).weight);
  }
  return (emit, row, view, base) => emit.add(row, name, read(view, base) * eventHeader(view, base).weight);
}
