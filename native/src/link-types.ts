// SPDX-License-Identifier: Apache-2.0

/** Where to attach a program. */
export type AttachSpec =
  /** As `SEC()` says: tracepoint, raw_tp, tp_btf, fentry, kprobe, … */
  | { kind: 'auto' }
  | { kind: 'tracepoint'; category: string; name: string }
  | { kind: 'raw_tracepoint'; name: string }
  | { kind: 'kprobe'; function: string; offset?: number; retprobe?: boolean }
  | UprobeSpec
  | UprobeMultiSpec
  | UsdtSpec
  | PerfEventSpec;

/** One place in a binary, by symbol or by file offset; with both, the offset counts from the symbol. */
export interface UprobeSpec {
  kind: 'uprobe';
  /** Path of an executable or shared library. */
  binary: string;
  /** Bytes into the file, or from the start of `symbol`. */
  offset?: number;
  symbol?: string;
  /** Only this process; all without it, or with -1. */
  pid?: number;
  retprobe?: boolean;
}

/**
 * Many places of one binary in one link, which attaches and detaches much faster than single uprobes. Needs
 * `setUprobeMulti` before loading, and a kernel (6.6 or later) whose `features().uprobeMulti` is true.
 */
export interface UprobeMultiSpec {
  kind: 'uprobe_multi';
  binary: string;
  /** File offsets. */
  offsets: readonly number[];
  /** By offset: what `bpf_get_attach_cookie()` returns. */
  cookies?: readonly number[];
  pid?: number;
  retprobe?: boolean;
}

export interface UsdtSpec {
  kind: 'usdt';
  binary: string;
  provider: string;
  name: string;
  pid?: number;
}

/** Samples by a perf event; see `perf_event_open(2)` for `type` and `config`. One link holds an event on every CPU. */
export interface PerfEventSpec {
  kind: 'perf_event';
  type: number;
  config: number;
  /** Samples a second; this or `period` is needed. */
  frequency?: number;
  /** Events between two samples. */
  period?: number;
  /** Only this CPU. */
  cpu?: number;
}

export interface BpfLink {
  readonly kind: AttachSpec['kind'];
  /** Detaches; the program stays loaded. May be called twice. */
  detach(): Promise<void>;
}
