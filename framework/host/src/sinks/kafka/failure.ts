// SPDX-License-Identifier: Apache-2.0

/** What a batch failed by. Only what is `refused` would be refused again. */
export type KafkaFailureReason =
  'driver' | 'unreachable' | 'credentials' | 'certificate' | 'topic' | 'timeout' | 'refused' | 'unavailable';

/** A batch that was not acknowledged, in terms that do not depend on the driver. */
export class KafkaFailure extends Error {
  readonly reason: KafkaFailureReason;

  constructor(reason: KafkaFailureReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** What the drivers' errors are told by: the first pattern that fits any of them, the most telling first. */
const signs: readonly (readonly [KafkaFailureReason, RegExp])[] = [
  ['driver', /ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND/],
  ['credentials', /SASL|AUTHENTICATION|CLUSTER_AUTHORIZATION/i],
  ['topic', /UNKNOWN_TOPIC|INVALID_TOPIC|TOPIC_AUTHORIZATION|UNKNOWN TOPIC/i],
  ['refused', /TOO_LARGE|INVALID_RECORD|INVALID_TIMESTAMP|CORRUPT_MESSAGE|UNSUPPORTED_(COMPRESSION|FOR_MESSAGE)/i],
  ['certificate', /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/],
  ['unreachable', /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|EPIPE/],
  ['timeout', /TIMEOUT|timed? ?out/i],
];

/** Tells what an error of either driver means. Drivers wrap the one that matters in others, and give several. */
export function failureOf(thrown: unknown): KafkaFailure {
  if (thrown instanceof KafkaFailure) return thrown;
  const errors = [...within(thrown)];
  for (const [reason, sign] of signs) {
    const telling = errors.find((error) => sign.test(marksOf(error)));
    if (telling) return new KafkaFailure(reason, oneLine(telling.message), thrown);
  }
  return new KafkaFailure('unavailable', oneLine(errors[0]?.message ?? String(thrown)), thrown);
}

interface DriverError extends Error {
  code?: string | number;
  /** kafkajs: Kafka's name of a protocol error. */
  type?: string;
  /** platformatic: the same. */
  apiId?: string;
  errors?: unknown[];
}

/** The error and all that are in it, the innermost first. */
function* within(thrown: unknown): Iterable<DriverError> {
  if (!(thrown instanceof Error)) return;
  const { cause, errors } = thrown as DriverError;
  yield* within(cause);
  for (const error of errors ?? []) yield* within(error);
  yield thrown;
}

function marksOf({ name, code, type, apiId, message }: DriverError): string {
  return [name, code, type, apiId, message].filter((mark) => mark !== undefined).join(' ');
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, ' ').trim();
}
