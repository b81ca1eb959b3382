// SPDX-License-Identifier: Apache-2.0
import type { Config } from '../config/types.ts';
import type { LabelSpec, ViewSpec } from '../series/types.ts';
import type { SeriesOutlet } from './routed.ts';

/** What `sonde.yaml` says of labels, for one sink: makes of the view that the sink asks for the one that it is to have. */
export function labelledSpec(sink: string, config: Config): (asked: ViewSpec) => ViewSpec {
  const relabel = config.relabel.filter(({ sinks }) => sinks === undefined || sinks.includes(sink));
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
