// SPDX-License-Identifier: Apache-2.0
import type { DecoderContext, Emit, RecordBatch } from '@sonde/kit/decoder';
import { parseRedisCommand, redisQueryText } from './redis-command.ts';
import { spanReader } from './span-record.ts';

/** Makes spans of the records `struct redis_span`. */
export function redisSpans(context: DecoderContext): (batch: RecordBatch, emit: Emit) => void {
  const record = context.layout('redis_span');
  const readSpan = spanReader(context, 'redis_span');
  const [operation, error] = [record.text('command'), record.text('error')];
  const showPayload = context.params.capturePayload === true;

  return (batch, emit) => {
    const { view, offset } = batch;
    const { role, head, timing, attributes } = readSpan(batch, emit);
    const name = operation(view, offset);
    const failure = error(view, offset);
    // of a command that is not known, not even the name is shown: it may be anything
    const command = name === '' ? undefined : parseRedisCommand(head);
    emit.span(`redis.${role}`, {
      ...timing,
      name: name || 'redis',
      ...(failure && { error: failure }),
      attributes: {
        ...attributes,
        'db.system.name': 'redis',
        'db.operation.name': name || undefined,
        'db.query.text': command && redisQueryText(name, command, showPayload),
        'db.response.status_code': failure || undefined,
        'error.type': failure || undefined,
      },
    });
  };
}
