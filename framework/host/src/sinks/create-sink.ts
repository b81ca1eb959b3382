// SPDX-License-Identifier: Apache-2.0
import type { Config } from '../config/types.ts';
import { obtainToken } from '../control/token.ts';
import type { Outlet, SpanRecord } from '../events/index.ts';
import type { Identity } from '../identity/types.ts';
import type { ViewSpec } from '../series/types.ts';
import { labelledOutlet, labelledSpec, labelledStore, recordRules } from './labelled.ts';
import { recordLabelling } from './labelled-record.ts';
import { LogSink } from './log/index.ts';
import { createPrometheusSink } from './prometheus/index.ts';
import { PushSink } from './push/index.ts';
import { routedOutlet, routedStore, type SeriesOutlet } from './routed.ts';
import { selectionFor } from './selection.ts';
import type { Sink } from './types.ts';

/** What sinks read, and where they report. */
export interface SinkServices {
  store: SeriesOutlet;
  events: Outlet;
  spans: Outlet<SpanRecord>;
  identity: Identity;
  log(severity: 'info' | 'warn' | 'error', message: string): void;
}

/**
 * Makes the sink that the configuration calls `name`; it does nothing until it is started.
 * @throws SONDE_TOKEN_FILE
 */
export async function createSink(name: string, config: Config, services: SinkServices): Promise<Sink> {
  const sink = config.sinks[name]!;
  const routed = route(name, config, services);
  switch (sink.type) {
    case 'log':
      return new LogSink({ ...sink, name }, routed);
    // their libraries take memory that only who uses them should pay
    case 'otlp': {
      const { OtlpExporter } = await import('./otlp/index.ts');
      return new PushSink(new OtlpExporter(name, sink, services.identity), { ...sink, name }, routed);
    }
    case 'kafka': {
      const { KafkaExporter } = await import('./kafka/index.ts');
      return new PushSink(new KafkaExporter(name, sink, services.identity), { ...sink, name }, routed);
    }
    default:
      return createPrometheusSink(routed.store, {
        name,
        config: sink,
        view: pullView(config),
        token: await tokenOf(config),
      });
  }
}

/** The services, but of series, events and spans only what the sink is to have, under the labels that it is to have. */
function route(name: string, config: Config, services: SinkServices): SinkServices {
  const labelled = label(name, config, services);
  const selection = selectionFor(name, config.routes);
  if (!selection) return labelled;
  return {
    ...labelled,
    store: routedStore(labelled.store, selection.metrics),
    events: routedOutlet(labelled.events, selection.events),
    spans: routedOutlet(labelled.spans, selection.spans),
  };
}

function label(name: string, config: Config, services: SinkServices): SinkServices {
  const { store, events, spans, identity } = services;
  const [ofEvents, ofSpans] = [recordRules(name, 'events', config), recordRules(name, 'spans', config)];
  return {
    ...services,
    store: labelledStore(store, labelledSpec(name, config)),
    events: ofEvents ? labelledOutlet(events, recordLabelling(ofEvents, 'sonde.event.name', identity)) : events,
    spans: ofSpans ? labelledOutlet(spans, recordLabelling(ofSpans, 'sonde.span.name', identity)) : spans,
  };
}

async function tokenOf({ control: { tokenFile: file } }: Config): Promise<{ value: string; file: string }> {
  return { value: await obtainToken(file), file };
}

/** The labels that whoever pulls asks for. */
export function pullView({ labels }: Config): ViewSpec {
  return { identity: labels };
}
