// SPDX-License-Identifier: Apache-2.0
import type { Config } from '../config/types.ts';
import { obtainToken } from '../control/token.ts';
import type { EventBus } from '../events/index.ts';
import type { Identity } from '../identity/types.ts';
import type { SeriesStore, ViewSpec } from '../series/types.ts';
import { LogSink } from './log/index.ts';
import { createPrometheusSink } from './prometheus/index.ts';
import type { Sink } from './types.ts';

/** What sinks read, and where they report. */
export interface SinkServices {
  store: SeriesStore;
  events: EventBus;
  identity: Identity;
  log(severity: 'info' | 'warn' | 'error', message: string): void;
}

/**
 * Makes the sink that the configuration calls `name`; it does nothing until it is started.
 * @throws SONDE_TOKEN_FILE
 */
export async function createSink(name: string, config: Config, services: SinkServices): Promise<Sink> {
  const sink = config.sinks[name]!;
  switch (sink.type) {
    case 'prometheus':
      return createPrometheusSink(services.store, { name, config: sink, view: pullView(config), token: await tokenOf(config) });
    case 'log':
      return new LogSink({ name, path: sink.path }, services);
  }
}

async function tokenOf({ control: { tokenFile: file } }: Config): Promise<{ value: string; file: string }> {
  return { value: await obtainToken(file), file };
}

/** The labels that whoever pulls sees. */
export function pullView({ labels, probes }: Config): ViewSpec {
  const own = Object.entries(probes).filter(([, probe]) => probe.labels !== undefined);
  return { identity: labels, probes: Object.fromEntries(own.map(([name, probe]) => [name, { identity: probe.labels! }])) };
}
