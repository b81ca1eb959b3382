// SPDX-License-Identifier: Apache-2.0

/**
 * Records in the order they were reserved. Each is framed as in the kernel: u32 payload length, u32 reserved, payload,
 * padding to a multiple of 8; the next frame follows. The buffer is used again when the handler has returned.
 */
export interface RingBatch {
  buffer: Uint8Array;
  /** Bytes of `buffer` that are filled. */
  byteLength: number;
  /** Records. */
  count: number;
}

export type RingHandler = (batch: RingBatch) => void;

export interface RingOptions {
  /** Most bytes handed over in one wake-up; 1 MiB if absent. The rest follows in the next turn of the event loop. */
  maxBytesPerWake?: number;
}

/**
 * Reads a BPF ring buffer (kernel 5.8 or later). It is drained when the kernel wakes it, and every 100 ms in any case, so
 * records submitted with `BPF_RB_NO_WAKEUP` are never late by more. An open ring keeps the event loop alive.
 */
export interface Ring {
  /** Hands over now, within this call, all that was in the ring when it began. Returns the number of records. */
  consume(): number;
  close(): void;
  /** Payload bytes delivered since it was opened. */
  readonly bytes: number;
  /** Records delivered since it was opened. */
  readonly records: number;
}
