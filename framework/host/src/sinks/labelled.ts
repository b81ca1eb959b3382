// SPDX-License-Identifier: Apache-2.0
import type { Config, RelabelRule } from '../config/types.ts';
import type { Outlet } from '../events/index.ts';
import { compileRelabelling, type Relabelling } from '../series/index.ts';
import type { LabelSpec, ViewSpec } from '../series/types.ts';
import type { SeriesOutlet } from './routed.ts';

type Signal = NonNullable<RelabelRule['signals']>[number];

/** What `sonde.yaml` says of labels, for one sink: makes of the view that the sink asks for the one that it is to have. */
export function labelledSpec(sink: string, config: Config): (asked: ViewSpec) => ViewSpec {
  const relabel = relabelRules(sink, 'metrics', config);
  return ({ identity: asked, ...others }) => {
    const identity = config.sinkLabels[sink] ?? asked;
    const probes: Record<string, Partial<LabelSpec>> = {};
    for (const [name, { labels, attributes }] of Object.entries(config.probes)) {
      const own = identity === 'all' ? undefined : labels;
      if (own || attributes) probes[name] = { ...(own && { identity: own }), ...(attributes && { constants: attributes }) };
    }
    return {
      ...others,
      identity,
      ...(Object.keys(probes).length > 0 && { probes }),
      ...(relabel.length > 0 && { relabel }),
    };
  };
}

/** A store whose views have a sink's labels. */
export function labelledStore(store: SeriesOutlet, spec: (asked: ViewSpec) => ViewSpec): SeriesOutlet {
  return { loss: store.loss, refresh: () => store.refresh(), view: (asked) => store.view(spec(asked)) };
}

/** The rules that go over what a sink gets. */
export function relabelRules(sink: string, signal: Signal, { relabel }: Config): RelabelRule[] {
  return relabel.filter(({ sinks = [sink], signals = [signal] }) => sinks.includes(sink) && signals.includes(signal));
}

/** What `sonde.yaml` does to the events or spans of a sink, by probe. Undefined if that is nothing for any of them. */
export function recordRules(
  sink: string,
  signal: 'events' | 'spans',
  config: Config,
): ((probe: string) => Relabelling | undefined) | undefined {
  const relabel = relabelRules(sink, signal, config);
  if (relabel.length === 0 && !Object.values(config.probes).some(({ attributes }) => attributes)) return undefined;
  const known = new Map<string, Relabelling | undefined>();
  return (probe) => {
    if (!known.has(probe)) {
      const steps = relabel.filter(({ probes = [probe] }) => probes.includes(probe));
      const constants = config.probes[probe]?.attributes;
      known.set(probe, steps.length > 0 || constants ? compileRelabelling(constants ?? {}, steps) : undefined);
    }
    return known.get(probe);
  };
}

/** A bus whose records a sink gets as its rules make them. */
export function labelledOutlet<Kind extends { readonly probe: string }>(
  outlet: Outlet<Kind>,
  prepare: (record: Kind) => Kind | undefined,
): Outlet<Kind> {
  return { subscribe: (sink, consumer, options) => outlet.subscribe(sink, consumer, { ...options, prepare }) };
}
