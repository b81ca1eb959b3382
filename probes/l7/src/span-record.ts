// SPDX-License-Identifier: Apache-2.0
import type { DecoderContext, Emit, EmittedSpan, RecordBatch } from '@sonde/kit/decoder';

/** What is common to the spans of all protocols, read from `struct span`, with which their records begin. */
export interface SpanRecord {
  readonly role: 'client' | 'server';
  /** The head of the request, a character for each byte; '' where it was not kept. */
  readonly head: string;
  readonly timing: Pick<EmittedSpan, 'start' | 'end' | 'process' | 'weight'>;
  readonly attributes: {
    readonly 'network.transport': string;
    readonly 'network.peer.address'?: string;
    readonly 'server.address'?: string;
    readonly 'server.port'?: number;
  };
}

const LOTS = 2 ** 32;
const MILLION = 1e6;

/** @param struct the record of one protocol; the head is behind it */
export function spanReader({ layout }: DecoderContext, struct: string): (batch: RecordBatch, emit: Emit) => SpanRecord {
  const record = layout(struct);
  const number = (path: string) => record.number(`span.${path}`);
  const process = record.offset('span.process');
  const peer = record.text('span.peer');
  const [start, end, sampleBelow] = [number('start'), number('end'), number('sample_below')];
  const [port, role, transport, headBytes] = [number('port'), number('role'), number('transport'), number('head')];

  return ({ view, offset, weight }, emit) => {
    const isServer = role(view, offset) === 1;
    const isTcp = transport(view, offset) === 0;
    const below = sampleBelow(view, offset);
    const head = Buffer.from(view.buffer, view.byteOffset + offset + record.size, headBytes(view, offset));
    return {
      role: isServer ? 'server' : 'client',
      head: head.toString('latin1'),
      timing: {
        start: start(view, offset),
        end: end(view, offset),
        process: emit.process(view, offset + process),
        weight: below === 0 ? weight : Math.round((weight * LOTS * MILLION) / below) / MILLION,
      },
      attributes: {
        'network.transport': isTcp ? 'tcp' : 'unix',
        ...(isTcp && { 'network.peer.address': peer(view, offset), 'server.port': port(view, offset) }),
        ...(isTcp && !isServer && { 'server.address': peer(view, offset) }),
      },
    };
  };
}
