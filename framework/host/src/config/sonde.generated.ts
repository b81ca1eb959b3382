// SPDX-License-Identifier: Apache-2.0
// Generated from sonde.schema.json. Do not edit.

/**
 * The npm name or the path of the package; a built-in probe needs none.
 */
export type PackageName = string;
/**
 * Whether the probe runs.
 */
export type Enabled = boolean;
/**
 * An OpenTelemetry attribute name, such as `process.executable.name`.
 */
export type AttributeName = string;

/**
 * The configuration of a Sonde host. Unknown keys are errors; relative paths start at the folder of the file.
 */
export interface SondeConfig {
  /**
   * Version of this format.
   */
  apiVersion: 'sonde/v1';
  /**
   * What the host says of the machine it runs on.
   */
  node?: {
    /**
     * Attributes put on everything that leaves this host, by their OpenTelemetry names.
     */
    attributes?: {
      [k: string]: string;
    };
  };
  /**
   * Longest time between two snapshots of the kernel's maps; a reader who asks gets a fresh one before that.
   */
  interval?: string;
  /**
   * Packages whose decoders may run inside the host: npm names (a `*` stands for any part of a name) or paths. The built-in probes are allowed without being named.
   */
  allow?: string[];
  /**
   * The probes that this host knows, by the name in their manifest. Nothing that is not named here or by REST is loaded.
   */
  probes?: {
    [k: string]: ProbeConfig;
  };
  /**
   * Identity attributes that become labels where a reader pulls (Prometheus), by their OpenTelemetry names. A pid label makes rates miss every short process.
   */
  labels?: AttributeName[];
  /**
   * How many series are held, and for how long.
   */
  series?: {
    /**
     * Most series that one probe may have in one view. What exceeds it is added to one overflow series.
     */
    budget?: number;
    /**
     * How long a reader who pulls still sees a series whose process, container, pod or connection has ended.
     */
    retention?: string;
  };
  /**
   * Where metrics and events go. The key is the sink's name, and its type unless `type` says another.
   */
  sinks?: {
    prometheus?: PrometheusSink;
    log?: LogSink;
    [k: string]: PrometheusSink | LogSink | undefined;
  };
  /**
   * Where the REST API listens, and who may use it.
   */
  control?: {
    /**
     * Unix socket of the API. Who may open it needs no token.
     */
    socket?: string;
    /**
     * Group that owns the socket together with root (mode 0660).
     */
    group?: string;
    /**
     * Address and port of the API. Every request needs the token; beyond loopback `tls` is needed too.
     */
    listen?: string;
    /**
     * File that holds the bearer token; written at start (mode 0600) where it is absent.
     */
    tokenFile?: string;
    tls?: Tls;
  };
  /**
   * Folder where the host keeps what must outlive it, such as what REST has laid over this file.
   */
  state?: string;
}
/**
 * What is wanted of one probe. What is absent is as its manifest says.
 */
export interface ProbeConfig {
  package?: PackageName;
  enabled?: Enabled;
  collectors?: Collectors;
  params?: Params;
  targets?: TargetRules;
  /**
   * Identity attributes that become labels of this probe's series; the host's `labels` if absent.
   */
  labels?: AttributeName[];
  budgets?: Budgets;
}
/**
 * Collectors of the probe, switched on or off by name.
 */
export interface Collectors {
  [k: string]: boolean;
}
/**
 * Values of the probe's parameters by name; durations and sizes with their unit.
 */
export interface Params {
  [k: string]: string | number | boolean;
}
/**
 * Which processes the probe watches: those that a rule of `include` matches (all, if there is none) and no rule of `exclude` does.
 */
export interface TargetRules {
  /**
   * Rules of which one must match.
   */
  include?: TargetRule[];
  /**
   * Rules of which none may match.
   */
  exclude?: TargetRule[];
}
/**
 * One rule: each selector that it names must match. A selector matches if one of its values does; in names and patterns `*` stands for any part.
 */
export interface TargetRule {
  /**
   * Process ids, as the initial pid namespace numbers them.
   *
   * @minItems 1
   */
  pid?: number[];
  /**
   * Executables: a file name, or an absolute path.
   *
   * @minItems 1
   */
  executable?: string[];
  /**
   * Patterns over the whole command line.
   *
   * @minItems 1
   */
  command?: string[];
  /**
   * Cgroup paths below the mount point; what is below a cgroup belongs to it.
   *
   * @minItems 1
   */
  cgroup?: string[];
}
/**
 * What the probe may cost. What exceeds a budget is throttled first, then stopped.
 */
export interface Budgets {
  /**
   * Share of one CPU that its BPF programs may use.
   */
  cpu?: number;
  /**
   * Memory that its maps may take, in bytes.
   */
  mapBytes?: number;
  /**
   * Events a second that it may send.
   */
  eventsPerSecond?: number;
  /**
   * Series that it may have in one view; the host's `series.budget` if absent.
   */
  series?: number;
}
/**
 * A listener that Prometheus scrapes.
 */
export interface PrometheusSink {
  /**
   * Type of the sink.
   */
  type?: 'prometheus';
  /**
   * Address and port of `/metrics`. Open on loopback; beyond, `tls` and the control token are needed.
   */
  listen?: string;
  tls?: Tls;
  /**
   * Whether OpenMetrics output says when each counter began.
   */
  createdTimestamps?: boolean;
}
/**
 * Certificate and key (PEM) of a listener.
 */
export interface Tls {
  /**
   * File with the certificate chain (PEM).
   */
  cert: string;
  /**
   * File with the private key (PEM).
   */
  key: string;
}
/**
 * Events as lines of JSON.
 */
export interface LogSink {
  /**
   * Type of the sink.
   */
  type?: 'log';
  /**
   * `stdout`, `stderr` or a file to append to.
   */
  path?: string;
}

