// SPDX-License-Identifier: Apache-2.0
import type { ParamValue } from '@sonde/kit';
import type { EventBus, SpanBus } from '../events/index.ts';
import type { Identity } from '../identity/types.ts';
import type { SeriesStore } from '../series/types.ts';
import type { Rules } from '../rules/index.ts';
import type { TargetMode, Targets } from '../targets/types.ts';
import type { HostTelemetry } from '../telemetry/types.ts';
import type { EventOutlet } from './event-outlet.ts';

/** How a probe is to run: what its desired state comes to. */
export interface RunSettings {
  params: Readonly<Record<string, ParamValue>>;
  collectors: ReadonlySet<string>;
  targetMode: TargetMode;
}

/** What a probe needs of the other rooms. */
export interface ProbeServices {
  identity: Identity;
  targets: Targets;
  store: SeriesStore;
  events: EventBus;
  spans: SpanBus;
  telemetry: HostTelemetry;
  /** Told of the rules that probes bring along. */
  rules: Pick<Rules, 'setProbe'>;
  /** Packages whose decoders may run here, as in `allow:`. */
  allow(): readonly string[];
  /** Whether probes watch the host's own process too. */
  watchSelf(): boolean;
  /** CLOCK_REALTIME − CLOCK_MONOTONIC, nanoseconds, taken again at every snapshot. */
  clockOffset(): number;
  /** Folder of `sonde.yaml`: what relative package paths start from. */
  baseDirectory: string;
  /** Tells people; one line. */
  log(severity: 'info' | 'warn' | 'error', message: string): void;
}

/** What the sources of one probe's data need. */
export interface SourceServices extends ProbeServices {
  outlet: EventOutlet;
}
