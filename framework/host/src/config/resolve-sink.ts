// SPDX-License-Identifier: Apache-2.0
import { parseBytes, parseDuration } from '@sonde/kit';
import { withDefaultsOf } from './defaults.ts';
import type { KafkaSink, LogSink, OtlpSink, PrometheusSink, Rotation } from './generated/types.ts';
import { parseListenAddress } from './listen-address.ts';
import type {
  ClientTls,
  KafkaSinkConfig,
  LogSinkConfig,
  OtlpSinkConfig,
  PrometheusSinkConfig,
  RotationConfig,
  SinkConfig,
} from './types.ts';

type Absolute = (path: string) => string;
/** A sink as the schema has accepted it; its type is its name unless it says another. */
type SinkEntry = PrometheusSink | LogSink | OtlpSink | KafkaSink | { type: SinkConfig['type'] };

/** Fills in the defaults of one entry of `sinks`, makes its paths absolute and its durations milliseconds. */
export function resolveSink(name: string, sink: SinkEntry, absolute: Absolute): SinkConfig {
  switch (sink.type ?? name) {
    case 'log':
      return resolveLog(sink as LogSink, absolute);
    case 'otlp':
      return resolveOtlp(sink as OtlpSink, absolute);
    case 'kafka':
      return resolveKafka(sink as KafkaSink, absolute);
    default:
      return resolvePrometheus(sink as PrometheusSink, absolute);
  }
}

function resolveLog(sink: LogSink, absolute: Absolute): LogSinkConfig {
  const { path, metrics, interval, rotate } = withDefaultsOf('LogSink', sink as Required<LogSink>);
  return {
    type: 'log',
    path: path === 'stdout' || path === 'stderr' ? path : absolute(path),
    metrics,
    interval: milliseconds(interval),
    ...(rotate && { rotate: resolveRotation(rotate) }),
  };
}

function resolveRotation(rotation: Rotation): RotationConfig {
  const { size, age, keep } = withDefaultsOf('Rotation', rotation as Required<Rotation>);
  return { size: parseBytes(size)!, keep, ...(age && { age: milliseconds(age) }) };
}

function resolvePrometheus(sink: PrometheusSink, absolute: Absolute): PrometheusSinkConfig {
  const { listen, createdTimestamps, tls } = withDefaultsOf('PrometheusSink', sink as Required<PrometheusSink>);
  return {
    type: 'prometheus',
    listen: parseListenAddress(listen),
    createdTimestamps,
    ...(tls && { tls: { cert: absolute(tls.cert), key: absolute(tls.key) } }),
  };
}

function resolveOtlp(sink: OtlpSink, absolute: Absolute): OtlpSinkConfig {
  const { tls, interval, timeout, queue, ...others } = withDefaultsOf('OtlpSink', sink as Required<OtlpSink>);
  return {
    ...others,
    type: 'otlp',
    interval: milliseconds(interval),
    timeout: milliseconds(timeout),
    queue: withDefaultsOf('SinkQueue', queue as Required<typeof queue>),
    ...(tls && { tls: clientTls(tls, absolute) }),
  };
}

function resolveKafka(sink: KafkaSink, absolute: Absolute): KafkaSinkConfig {
  const { tls, sasl, topics, interval, timeout, queue, ...others } = withDefaultsOf('KafkaSink', sink as Required<KafkaSink>);
  const { passwordFile } = sasl ?? {};
  return {
    ...others,
    type: 'kafka',
    topics: withDefaultsOf('KafkaTopics', topics as Required<typeof topics>),
    interval: milliseconds(interval),
    timeout: milliseconds(timeout),
    queue: withDefaultsOf('SinkQueue', queue as Required<typeof queue>),
    ...(tls && { tls: clientTls(tls, absolute) }),
    ...(sasl && { sasl: passwordFile === undefined ? sasl : { ...sasl, passwordFile: absolute(passwordFile) } }),
  };
}

function clientTls(files: ClientTls, absolute: Absolute): ClientTls {
  return Object.fromEntries(Object.entries(files).map(([key, file]) => [key, absolute(file)]));
}

/** Milliseconds of a duration that the schema has accepted. */
function milliseconds(duration: string): number {
  return parseDuration(duration)! / 1e6;
}
