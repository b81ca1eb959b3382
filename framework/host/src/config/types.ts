// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { DesiredProbe, Origin } from '../probes/types.ts';
import type {
  ClientTls,
  Params,
  ProbeConfig,
  RelabelRule,
  Route,
  Rule,
  Sasl,
  SinkLabels,
  TargetRules,
  Tls,
} from './generated/types.ts';

export type {
  Budgets,
  ClientTls,
  Params,
  ProbeConfig,
  RelabelRule,
  Route,
  Rule,
  Sasl,
  SinkLabels,
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
  /** By the name of the sink, where it chooses otherwise. */
  sinkLabels: Record<string, SinkLabels>;
  relabel: RelabelRule[];
  /** For probes without targets of their own. */
  targets?: TargetRules;
  containers: ContainersConfig;
  kubernetes: KubernetesConfig;
  /** `retention` in milliseconds. */
  series: { budget: number; retention: number };
  /** By the name of the sink. */
  sinks: Record<string, SinkConfig>;
  /** Which sinks get what; those that none names get everything. */
  routes: Route[];
  /** Thresholds by the name of their events; they change those that probes bring along. */
  rules: Record<string, Rule>;
  control: ControlConfig;
  /** Absolute path of the folder that keeps what must outlive the host. */
  state: string;
}

export interface ContainersConfig {
  /** Absolute paths; undefined: the usual ones. */
  runtimes?: { type: 'docker' | 'podman' | 'cri' | 'containerd'; socket: string }[];
  labels: string[];
}

export interface KubernetesConfig {
  node?: string;
  /** Absolute path. */
  kubeconfig?: string;
  /** Absolute paths; `interval` in milliseconds. */
  kubelet?: { url: string; tokenFile?: string; ca?: string; insecure: boolean; interval: number };
  podLabels: string[];
  podAnnotations: string[];
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
  /** Whether metrics are written too. */
  metrics: boolean;
  /** Milliseconds. */
  interval: number;
  rotate?: RotationConfig;
}

export interface RotationConfig {
  /** Bytes. */
  size: number;
  /** Milliseconds. */
  age?: number;
  keep: number;
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

export interface KafkaSinkConfig {
  type: 'kafka';
  /** `host:port` each. */
  brokers: readonly string[];
  driver: 'kafkajs' | 'platformatic';
  clientId: string;
  topics: { metrics: string; events: string; metadata: string };
  acks: 'all' | 'leader';
  compression: 'zstd' | 'gzip' | 'none';
  /** Absolute paths, as `passwordFile`. */
  tls?: ClientTls;
  sasl?: Sasl;
  temporality: 'cumulative' | 'delta';
  /** Milliseconds, as `timeout`. */
  interval: number;
  timeout: number;
  queue: { records: number; bytes: number };
}

export type SinkConfig = PrometheusSinkConfig | LogSinkConfig | OtlpSinkConfig | KafkaSinkConfig;

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
