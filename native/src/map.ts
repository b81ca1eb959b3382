// SPDX-License-Identifier: Apache-2.0
import { addon, type MapHandle, type ReaderHandle } from './addon.ts';
import type {
  BpfMap, DeletedEntries, FoldField, MapChanges, MapEntries, MapInfo, MapReader, ReaderOptions,
} from './types.ts';

export class KernelMap implements BpfMap {
  readonly info: MapInfo & { id: number };
  readonly handle: MapHandle;
  /** What must be closed with the map: its readers and rings. */
  readonly #users = new Set<{ close(): void }>();

  constructor(handle: MapHandle, declared: MapInfo | undefined) {
    this.handle = handle;
    this.info = { name: '', ...declared, ...addon.map.info(handle) };
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    return addon.map.lookup(this.handle, key);
  }

  update(key: Uint8Array, value: Uint8Array, flags = 0): void {
    addon.map.update(this.handle, key, value, flags);
  }

  delete(key: Uint8Array): boolean {
    return addon.map.remove(this.handle, key);
  }

  lookupAndDelete(key: Uint8Array): Uint8Array | undefined {
    return addon.map.take(this.handle, key);
  }

  async updateBatch(keys: Uint8Array, values: Uint8Array, count: number): Promise<void> {
    await addon.map.updateBatch(this.handle, keys, values, count);
  }

  async deleteBatch(keys: Uint8Array, count: number, take: boolean | readonly FoldField[] = false): Promise<DeletedEntries> {
    const fold = take === true ? [] : take || undefined;
    return await addon.map.deleteBatch(this.handle, keys, count, fold);
  }

  async entries(): Promise<MapEntries> {
    return await addon.map.entries(this.handle);
  }

  reader({ fold = [] }: ReaderOptions = {}): MapReader {
    return this.use(new SnapshotReader(addon.reader.open(this.handle, fold, true), (reader) => this.release(reader)));
  }

  memoryBytes(): number {
    return addon.map.memory(this.handle);
  }

  use<T extends { close(): void }>(user: T): T {
    this.#users.add(user);
    return user;
  }

  release(user: { close(): void }): void {
    this.#users.delete(user);
  }

  close(): void {
    for (const user of this.#users) user.close();
    addon.map.close(this.handle);
  }
}

export class SnapshotReader implements MapReader {
  readonly #handle: ReaderHandle;
  readonly #onClose: (self: SnapshotReader) => void;

  constructor(handle: ReaderHandle, onClose: (self: SnapshotReader) => void) {
    this.#handle = handle;
    this.#onClose = onClose;
  }

  async collect(): Promise<MapChanges> {
    return await addon.reader.collect(this.#handle);
  }

  async take(slots: Uint32Array): Promise<MapChanges> {
    return await addon.reader.take(this.#handle, slots);
  }

  get slots(): number {
    return addon.reader.slots(this.#handle);
  }

  close(): void {
    this.#onClose(this);
    addon.reader.close(this.#handle);
  }
}
