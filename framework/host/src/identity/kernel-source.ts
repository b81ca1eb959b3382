// SPDX-License-Identifier: Apache-2.0
import { type BpfMap, type BpfObject, openObject, openRing, type Ring, type RingHandler, runIterator } from '@sonde/native';
import { fileURLToPath } from 'node:url';
import { enumValues } from './record-layout.ts';

const OBJECT = fileURLToPath(new URL('../../dist/host.bpf.o', import.meta.url));
const CAUSE = 'SONDE_LOSS_';

/** The host's own object, running: the ring of what happens to processes, and the walk over those that live. */
export class KernelSource {
  readonly object: BpfObject;
  readonly #loss: BpfMap;
  readonly #causes: readonly { name: string; key: Uint8Array }[];
  #ring: Ring | undefined;
  #isDelivering = false;

  /** Loads the object and attaches its programs; the records wait in the ring until {@link KernelSource.listen}. */
  static async open(): Promise<KernelSource> {
    const object = await openObject(OBJECT);
    try {
      await object.load();
      for (const { name, section } of object.programs) {
        if (!section.startsWith('iter/')) await object.attach(name, { kind: 'auto' });
      }
      return new KernelSource(object);
    } catch (error) {
      await object.close();
      throw error;
    }
  }

  private constructor(object: BpfObject) {
    this.object = object;
    this.#loss = object.map('sonde_loss');
    const values = enumValues(object.btf, 'sonde_loss_cause');
    this.#causes = ['SONDE_LOSS_RING_FULL', 'SONDE_LOSS_COPY_FAULT'].map((cause) => ({
      name: cause.slice(CAUSE.length).toLowerCase(),
      key: new Uint8Array(Uint32Array.of(values[cause]!).buffer),
    }));
  }

  listen(handler: RingHandler): void {
    this.#ring = openRing(this.object.map('host_records'), (batch) => {
      this.#isDelivering = true;
      try {
        handler(batch);
      } finally {
        this.#isDelivering = false;
      }
    });
  }

  /** Hands over now all that is in the ring; nothing within the handler. */
  drain(): void {
    if (!this.#isDelivering) this.#ring?.consume();
  }

  /** A record for each process that lives. */
  walk(): Promise<Uint8Array> {
    return runIterator(this.object, 'walk');
  }

  /** What the kernel could not tell, by cause. */
  lost(): Record<string, number> {
    return Object.fromEntries(this.#causes.map(({ name, key }) => [name, sum(this.#loss.lookup(key))]));
  }

  async close(): Promise<void> {
    this.#ring?.close();
    await this.object.close();
  }
}

/** Adds up the counters of all CPUs. */
function sum(lanes: Uint8Array | undefined): number {
  if (lanes === undefined) return 0;
  const view = new DataView(lanes.buffer, lanes.byteOffset, lanes.byteLength);
  let total = 0;
  for (let at = 0; at < lanes.byteLength; at += 8) total += Number(view.getBigUint64(at, true));
  return total;
}
