// SPDX-License-Identifier: Apache-2.0
import { eachField } from '../protobuf/proto-reader.ts';
import type { Delivery, Signal } from '../push/index.ts';
import { partlyRefusedError, type Place } from './failures.ts';
import { ANY, DURATION, PARTIAL_SUCCESS, RESPONSE, RETRY_INFO, RPC_STATUS } from './fields.ts';

/** What an `Export…ServiceResponse` says. */
export function accepted(place: Place, signal: Signal, response: Uint8Array): Delivery {
  let [refused, message] = [0, ''];
  eachField(response, (field, partial) => {
    if (field !== RESPONSE.partialSuccess || typeof partial === 'number') return;
    eachField(partial, (part, value) => {
      if (part === PARTIAL_SUCCESS.rejected && typeof value === 'number') refused = value;
      if (part === PARTIAL_SUCCESS.message && typeof value !== 'number') message = text(value);
    });
  });
  if (refused === 0) return { outcome: 'delivered' };
  return { outcome: 'delivered', refused, error: partlyRefusedError(place, signal, refused, message) };
}

/** A google.rpc.Status: its message, and after how many milliseconds to try again if it says so. */
export function readStatus(status: Uint8Array): { message: string; retryAfter?: number } {
  let message = '';
  let retryAfter: number | undefined;
  eachField(status, (field, value) => {
    if (typeof value === 'number') return;
    if (field === RPC_STATUS.message) message = text(value);
    if (field === RPC_STATUS.details) retryAfter = readDelay(value) ?? retryAfter;
  });
  return { message, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Milliseconds, if this detail is a google.rpc.RetryInfo. */
function readDelay(detail: Uint8Array): number | undefined {
  let type = '';
  let info = new Uint8Array();
  eachField(detail, (field, value) => {
    if (typeof value === 'number') return;
    if (field === ANY.typeUrl) type = text(value);
    if (field === ANY.value) info = new Uint8Array(value);
  });
  if (!type.endsWith('google.rpc.RetryInfo')) return undefined;
  let milliseconds = 0;
  eachField(info, (field, delay) => {
    if (field !== RETRY_INFO.delay || typeof delay === 'number') return;
    eachField(delay, (part, value) => {
      if (typeof value === 'number') milliseconds += part === DURATION.seconds ? value * 1000 : value / 1e6;
    });
  });
  return milliseconds;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
