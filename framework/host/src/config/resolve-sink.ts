// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from '@sonde/kit';
import { withDefaultsOf } from './defaults.ts';
import type { LogSink, OtlpSink, PrometheusSink } from './generated/types.ts';
import { parseListenAddress } from './listen-address.ts';
import type { ClientTls, LogSinkConfig, OtlpSinkConfig, PrometheusSinkConfig, SinkConfig } from './types.ts';

type Absolute = (path: string) => string;
/** A sink as the schema has accepted it; its type is its name unless it says another. */
type SinkEntry = PrometheusSink | LogSink | OtlpSink;

/** Fills in the defaults of one entry of `sinks`, makes its paths absolute and its durations milliseconds. */
export function resolveSink(name: string, sink: SinkEntry, absolute: Absolute): SinkConfig {
  switch (sink.type ?? name) {
    case 'log':
      return resolveLog(sink as LogSink, absolute);
    case 'otlp':
      return resolveOtlp(sink as OtlpSink, absolute);
    default:
      return resolvePrometheus(sink as PrometheusSink, absolute);
  }
}

function resolveLog(sink: LogSink, absolute: Absolute): LogSinkConfig {
  const { path } = withDefaultsOf('LogSink', sink as Required<LogSink>);
  return { type: 'log', path: path === 'stdout' || path === 'stderr' ? path : absolute(path) };
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

function clientTls(files: ClientTls, absolute: Absolute): ClientTls {
  return Object.fromEntries(Object.entries(files).map(([key, file]) => [key, absolute(file)]));
}

/** Milliseconds of a duration that the schema has accepted. */
function milliseconds(duration: string): number {
  return parseDuration(duration)! / 1e6;
}
