// SPDX-License-Identifier: Apache-2.0
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { CHUNK_BYTES, CHUNK_RECORDS, type Chunk } from '../push/index.ts';
import { OF_RESOURCE, OF_SCOPE, REQUEST, SCOPE } from './fields.ts';

/** The instrumentation scope of what a probe reports. */
function scopeName(probe: string): string {
  return `sonde/${probe}`;
}

/**
 * Writes requests of any of the three signals: Resource, in it scopes, in it records. Requests can be joined by putting
 * their
 * bytes one after the other.
 */
export class RequestWriter {
  /** What is written between `enter` and `leave` is in the scope that was entered. */
  readonly out = new ProtoWriter();
  #counts = new Map<string, number>();
  #records = 0;
  /** The resource that is open, told apart by its object, and the scope that is; where they began. */
  #resource: Buffer | undefined;
  #probe: string | undefined;
  #resourceStart = 0;
  #scopeStart = 0;

  /** How many more records belong into this request. */
  get room(): number {
    return CHUNK_RECORDS - this.#records;
  }

  get isFull(): boolean {
    return this.#records >= CHUNK_RECORDS || this.out.length >= CHUNK_BYTES;
  }

  /** Goes to the place of a resource and scope, which is opened unless it is the one that is open. */
  enter(resource: Buffer, probe: string): void {
    if (this.#resource !== resource) this.#openResource(resource);
    if (this.#probe !== probe) this.#openScope(probe);
  }

  /** So many records of a probe were written. */
  count(probe: string, records: number): void {
    this.#records += records;
    this.#counts.set(probe, (this.#counts.get(probe) ?? 0) + records);
  }

  /** The request so far; undefined if there is no record in it. The next one is empty. */
  take(): Chunk<Buffer> | undefined {
    this.#closeResource();
    const payload = this.out.take();
    const chunk = { counts: this.#counts, bytes: payload.length, payload };
    const isEmpty = this.#records === 0;
    this.out.clear();
    this.#counts = new Map();
    this.#records = 0;
    return isEmpty ? undefined : chunk;
  }

  #openResource(resource: Buffer): void {
    this.#closeResource();
    this.#resourceStart = this.out.open(REQUEST.resources);
    this.out.binary(OF_RESOURCE.resource, resource);
    this.#resource = resource;
  }

  #closeResource(): void {
    if (this.#resource === undefined) return;
    this.#closeScope();
    this.out.close(this.#resourceStart);
    this.#resource = undefined;
  }

  #openScope(probe: string): void {
    this.#closeScope();
    this.#scopeStart = this.out.open(OF_RESOURCE.scopes);
    const scope = this.out.open(OF_SCOPE.scope);
    this.out.string(SCOPE.name, scopeName(probe));
    this.out.close(scope);
    this.#probe = probe;
  }

  #closeScope(): void {
    if (this.#probe === undefined) return;
    this.out.close(this.#scopeStart);
    this.#probe = undefined;
  }
}
