// SPDX-License-Identifier: Apache-2.0

/**
 * A process as the kernel knows it (`struct sonde_process`: thread group, exec id, start time), as a small integer.
 * It stays the same until `onEnded` has named it and is never given to another process; 0 stands for none.
 */
export type Process = number;

/** No process: for what belongs to the machine rather than to one of its processes. */
export const NO_PROCESS: Process = 0;

/** One series of one entity; valid only during the call in which `emit.entity` gave it. */
export type Row = number;

export type AttributeValue = string | number | boolean;

/** Values of the manifest's `params` that say `decoder`: durations in nanoseconds, sizes in bytes. */
export type Params = Readonly<Record<string, AttributeValue>>;

/** Reads one field of a struct that begins at byte `base` of `view`. */
export type FieldReader<Value> = (view: DataView, base: number) => Value;

/**
 * Where the fields of a C struct lie, taken from the object's BTF. Paths as in the manifest: `peer.addr`, `slots[2]`.
 */
export interface StructLayout {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Byte offset of a field. @throws SONDE_LAYOUT_FIELD for an unknown path, with the nearest names. */
  offset(path: string): number;
  /** Reader of an integer, float, bool or enum field; u64 is exact up to 2^53. @throws SONDE_LAYOUT_FIELD */
  number(path: string): FieldReader<number>;
  /**
   * Reader of a field that is shown as text: char array, address, enum name, process name. @throws SONDE_LAYOUT_FIELD
   */
  text(path: string): FieldReader<string>;
}

/** What a decoder gets once, when it is made. */
export interface DecoderContext {
  /** Name of the probe, as in the manifest. */
  readonly probe: string;
  readonly params: Params;
  /** Layout of a struct by its C name. @throws SONDE_LAYOUT_STRUCT for a name that the object's BTF lacks. */
  layout(struct: string): StructLayout;
  /** Layouts of a map's key and value. @throws SONDE_DECODER_MAP for a map that the object lacks. */
  map(name: string): { readonly key: StructLayout; readonly value: StructLayout };
}

/**
 * The records of one wake-up of one ring, read through a cursor:
 *
 * ```ts
 * while (batch.next()) count(batch.kind, batch.view.getUint32(batch.offset + 24, true));
 * ```
 *
 * The bytes are reused after the call. Numbers are little-endian.
 */
export interface RecordBatch {
  readonly ring: string;
  /** How many records there are. */
  readonly count: number;
  /** All bytes of the batch; the payload of the current record is at `offset`. */
  readonly view: DataView;
  /** Goes to the next record; false after the last. */
  next(): boolean;
  /** Byte offset in `view` of the current record, which begins with `struct sonde_event`. */
  readonly offset: number;
  /** Bytes of the current record. */
  readonly length: number;
  /** `sonde_event.time`: nanoseconds, CLOCK_MONOTONIC. */
  readonly time: number;
  /** `sonde_event.kind`. */
  readonly kind: number;
  /** `sonde_event.weight`: how many events this record stands for; at least 1. */
  readonly weight: number;
}

/**
 * The entries of a map that are new or have changed since the last snapshot, as columns:
 * entry i has its key at `i * keySize` of `keys`, its value at `i * valueSize` of `values` and of `previous`.
 * Per-CPU lanes are folded as the manifest says. The bytes are reused after the call.
 */
export interface MapSnapshot {
  readonly map: string;
  /** Entries in the map. */
  readonly total: number;
  /** Entries below. */
  readonly count: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly keys: DataView;
  readonly values: DataView;
  /** The values of the last snapshot; zero for a new entry. */
  readonly previous: DataView;
  /** 1 for an entry that was not there before. */
  readonly fresh: Uint8Array;
  /** A small integer for each entry, the same until it comes in `removed`. */
  readonly slots: Uint32Array;
  /** Slots of entries that have gone. */
  readonly removed: Uint32Array;
}

/** What has ended since the last call. */
export interface Ended {
  readonly processes: readonly Process[];
}

export interface EmittedEvent {
  /** CLOCK_MONOTONIC nanoseconds, as `batch.time`; default: now. */
  time?: number;
  process?: Process;
  /** Default: the severity in the manifest. */
  severity?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** Default: the manifest's template. */
  body?: string;
  attributes?: Readonly<Record<string, AttributeValue | undefined>>;
  /** How many events this one stands for; default 1. */
  weight?: number;
}

/** The span that an observation was made in, as W3C `traceparent` names it. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string;
}

/** An operation from its beginning to its end. Its id is made by the host. */
export interface EmittedSpan {
  /** What traces show it as: one of few, such as `GET /users/{id}`. Default: its name in the manifest. */
  name?: string;
  /** CLOCK_MONOTONIC nanoseconds, as of `end`, which is not before it. */
  start: number;
  end: number;
  process?: Process;
  /** The trace that it belongs to, and the span in there that caused it. Default: it is the root of a new trace. */
  parent?: TraceContext;
  /** Why it failed, in a few words; absent if it did not. */
  error?: string;
  attributes?: Readonly<Record<string, AttributeValue | undefined>>;
  /** How many spans this one stands for; default 1. */
  weight?: number;
}

/**
 * Takes what a decoder has to say. Names are those of the manifest; anything that it does not declare is dropped,
 * counted as loss (stage `decoder`, cause `undeclared`) and reported once by name. Nothing here throws.
 *
 * Numbers are in the metric's unit, or in that which its `scale` takes to it: nanoseconds with `unit: s, scale: 1e-9`.
 */
export interface Emit {
  /** The process whose `struct sonde_process` lies at byte `offset` of `view`. Cheap when repeated. */
  process(view: DataView, offset: number): Process;
  /**
   * The series of an entity for one process (or NO_PROCESS) and one value for each attribute that the manifest
   * declares, in its order ('' = absent). Cheap when repeated.
   */
  entity(name: string, process: Process, attributes?: readonly string[]): Row;
  /**
   * Adds to a counter (never negative) or an updowncounter: the change, never the total. With `trace` the change
   * becomes an exemplar of a counter.
   */
  add(row: Row, metric: string, delta: number, trace?: TraceContext): void;
  /** Sets a gauge. */
  set(row: Row, metric: string, value: number): void;
  /**
   * Adds `weight` observations of a value to a histogram. With `trace` the value becomes an exemplar: who looks at the
   * histogram finds the trace. Of each series and power of two the newest is kept. Ids that are none are reported, and
   * the value counts all the same.
   */
  observe(row: Row, metric: string, value: number, weight?: number, trace?: TraceContext): void;
  /** The entity is gone for good (a connection closed). The end of its process need not be said. */
  end(row: Row): void;
  event(name: string, event: EmittedEvent): void;
  /** A parent whose ids are none is reported; the span then begins a trace of its own. */
  span(name: string, span: EmittedSpan): void;
}

/**
 * What a package's own code does; every method is optional. A call that throws loses, and counts, the batch it was
 * given.
 */
export interface Decoder {
  /** A batch of records from a ring. */
  onRecords?(batch: RecordBatch, emit: Emit): void;
  /** A snapshot of a map, for entities with `source: { decoder: true }`. */
  onSnapshot?(snapshot: MapSnapshot, emit: Emit): void;
  /** At each snapshot, after the maps: for gauges and for what was put off. */
  onTick?(emit: Emit): void;
  /** Processes that have ended: forget what was kept for them. */
  onEnded?(ended: Ended, emit: Emit): void;
  /** The params changed while running. */
  onParams?(params: Params): void;
}

/** Makes a decoder. It is called again, in a fresh worker, whenever the one before has failed. */
export type DecoderFactory = (context: DecoderContext) => Decoder;
