// SPDX-License-Identifier: Apache-2.0

/** Thrown by a sink that took only the first of the events it was given. */
export class PartlyDelivered extends Error {
  readonly delivered: number;

  constructor(delivered: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.delivered = delivered;
  }
}
