// SPDX-License-Identifier: Apache-2.0

export interface MapInfo {
  name: string;
  /** libbpf's name of the map type, e.g. `hash`, `percpu_hash`, `ringbuf`. */
  type: string;
  keySize: number;
  /** Bytes of one value, for one CPU. */
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** BTF id of the key's type, absent if the map was declared without it. */
  keyType?: number;
  /** BTF id of the value's type, absent if the map was declared without it. */
  valueType?: number;
}

/**
 * A map in the kernel. Keys and values are raw bytes in the layout that BTF describes. For per-CPU maps a value is the
 * lanes of all possible CPUs side by side, each padded to a multiple of 8 bytes, wherever nothing else is said.
 *
 * The methods for one entry are synchronous, a few µs each; what may touch the whole map runs off the event loop.
 * @throws `MAP` with the errno for what the kernel refuses, `INVALID` for keys or values of a wrong size
 */
export interface BpfMap {
  readonly info: MapInfo & { id: number };
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** @param flags 0 = any (default), 1 = only if absent, 2 = only if there */
  update(key: Uint8Array, value: Uint8Array, flags?: number): void;
  /** Whether the entry was there. */
  delete(key: Uint8Array): boolean;
  /** Takes an entry out; not atomic before kernel 5.14, where it is a lookup and a delete. */
  lookupAndDelete(key: Uint8Array): Uint8Array | undefined;
  /** Writes `count` entries whose keys and values lie side by side. */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): Promise<void>;
  /**
   * Deletes `count` entries whose keys lie side by side.
   * @param take also return the last value of each, folded over CPUs
   */
  deleteBatch(keys: Uint8Array, count: number, take?: boolean | readonly FoldField[]): Promise<DeletedEntries>;
  /** The whole map, in batches where the kernel has them. */
  entries(): Promise<MapEntries>;
  /** A reader that says what changed since its last look. */
  reader(options?: ReaderOptions): MapReader;
  /** Kernel memory the map takes, as `/proc/self/fdinfo` says. */
  memoryBytes(): number;
}

export interface MapEntries {
  count: number;
  /** count × keySize */
  keys: Uint8Array;
  /** count × valueSize; per-CPU: count × CPUs × (valueSize padded to 8) */
  values: Uint8Array;
}

export interface DeletedEntries {
  /** By entry: 1 = it was there. */
  deleted: Uint8Array;
  /** count × valueSize, zero where nothing was deleted; absent unless asked for. */
  values?: Uint8Array;
}

/**
 * How one field of a value is made of its lanes on a per-CPU map. `min` and `max` look only at the lanes of CPUs that
 * have written to the entry, i.e. those with any byte set; `last` takes the highest such CPU. Bytes that no field covers
 * come from the same lane as `last`.
 */
export interface FoldField {
  /** Bytes from the start of the value. */
  offset: number;
  size: 1 | 2 | 4 | 8;
  fold: 'sum' | 'min' | 'max' | 'last';
  signed?: boolean;
  /** For an array of such fields: how many. */
  count?: number;
}

export interface ReaderOptions {
  /** Ignored on maps that are not per-CPU. */
  fold?: readonly FoldField[];
}

/** Keeps a table of the entries seen, off the event loop, and says what changed: the basis of deltas. */
export interface MapReader {
  /** Reads the whole map. Only one at a time (`STATE`). */
  collect(): Promise<MapChanges>;
  /**
   * Deletes the entries of these slots from the map and frees the slots; `removed` will not name them again. Answers with
   * the entries that had changed since the last collect, as `changed` entries (`fresh` all 0), so that nothing added at
   * the last moment is lost. Uses the buffers of `collect()`, and like it is one at a time.
   */
  take(slots: Uint32Array): Promise<MapChanges>;
  /** One more than the highest slot ever handed out. */
  readonly slots: number;
  /** Frees the table. A collect under way then rejects with `CLOSED`. */
  close(): void;
}

/** What `collect()` found. The buffers are used again by the next `collect()` of the same reader: consume them before. */
export interface MapChanges {
  /** Entries in the map now. */
  total: number;
  /** n: entries that are new or whose (folded) value is another than at the last collect. The columns below describe them. */
  changed: number;
  /** n: a small integer that stands for the entry, given to another only after `removed` reported it. */
  slots: Uint32Array;
  /** n: 1 = seen for the first time. */
  fresh: Uint8Array;
  /** n × keySize */
  keys: Uint8Array;
  /** n × valueSize, folded over CPUs. */
  values: Uint8Array;
  /** n × valueSize: the value at the last collect; zero where fresh. */
  previous: Uint8Array;
  /** Slots of entries that are no longer in the map. */
  removed: Uint32Array;
  /** By slot: how many collects in a row left the entry unchanged; stays at 255. */
  unchanged: Uint8Array;
  durationNs: number;
}
