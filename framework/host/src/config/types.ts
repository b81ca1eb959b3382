// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { DesiredProbe, Origin } from '../probes/types.ts';
import type { ClientTls, Params, ProbeConfig, Route, TargetRules, Tls } from './generated/types.ts';

export type {
  Budgets,
  ClientTls,
  Params,
  ProbeConfig,
  Route,
  SondeConfig,
  TargetRule,
  TargetRules,
  Tls,
} from './generated/types.ts';

/** `sonde.yaml` in effect: every default filled in, every path absolute, every duration in milliseconds. */
export interface Config {
  /** Absolute path of the file it was read from. */
  file: string;
  node: { attributes: Record<string, string> };
  /** Longest time between two snapshots, in milliseconds. */
  interval: number;
  /** Whether probes watch the host's own process too. */
  watchSelf: boolean;
  /** Packages whose decoders may run inside the host: npm name patterns or absolute paths. */
  allow: string[];
  /** As the file has them, without what REST laid over it; `ConfigStore.desired` joins both. */
  probes: Record<string, ProbeConfig>;
  /** OpenTelemetry names of the identity attributes that are labels for pull sinks. */
  labels: string[];
  /** `retention` in milliseconds. */
  series: { budget: number; retention: number };
  /** By the name of the sink. */
  sinks: Record<string, SinkConfig>;
  /** Which sinks get what; those that none names get everything. */
  routes: Route[];
  control: ControlConfig;
  /** Absolute path of the folder that keeps what must outlive the host. */
  state: string;
}

/** A host name or IP address (without brackets) and a port. */
export interface ListenAddress {
  host: string;
  port: number;
}

export interface PrometheusSinkConfig {
  type: 'prometheus';
  listen: ListenAddress;
  tls?: Tls;
  createdTimestamps: boolean;
}

export interface LogSinkConfig {
  type: 'log';
  /** `stdout`, `stderr` or an absolute path. */
  path: string;
}

export interface OtlpSinkConfig {
  type: 'otlp';
  /** An `http:` or `https:` URL. */
  endpoint: string;
  protocol: 'http' | 'grpc';
  headers: Record<string, string>;
  /** Absolute paths. */
  tls?: ClientTls;
  compression: 'gzip' | 'none';
  temporality: 'cumulative' | 'delta';
  /** Milliseconds, as `timeout`. */
  interval: number;
  timeout: number;
  queue: { records: number; bytes: number };
}

export type SinkConfig = PrometheusSinkConfig | LogSinkConfig | OtlpSinkConfig;

export interface ControlConfig {
  socket: string;
  group: string;
  listen: ListenAddress;
  tokenFile: string;
  tls?: Tls;
}

/** What is wanted of a probe once the overlay lies over the file, and where each field of it came from. */
export interface EffectiveProbe {
  desired: DesiredProbe;
  /** JSON pointer in `desired` (`/enabled`, `/collectors/calls`, `/params/slow`, `/targets` …) → its origin. */
  origins: Record<string, Origin>;
}

/** What REST may lay over one probe. */
export interface ProbeChange {
  /** Only for a probe that the file does not name: an npm name or an absolute path. */
  package?: string;
  enabled?: boolean;
  collectors?: Record<string, boolean>;
  params?: Params;
  targets?: TargetRules;
}

/** A field of the overlay: what REST laid over the file, and what the file said then. */
export interface OverlayField {
  value: unknown;
  /** Absent if the file did not have the field. */
  file?: unknown;
}

/** The overlay of one probe, by JSON pointer. */
export type ProbeOverlay = Record<string, OverlayField>;

export interface ConfigEvents {
  /** A good file replaced the former one. The probes follow right after. */
  changed: (config: Config, previous: Config) => void;
  /** A bad file was put aside; `config` is still the former one. */
  rejected: (error: SondeError) => void;
  /** The file changed these fields, so the overlay let go of them. */
  released: (fields: { probe: string; pointer: string }[]) => void;
}
