// SPDX-License-Identifier: Apache-2.0
import type { EventBus, EventLimits, EventRecord, SpanBus, SpanRecord } from '../events/index.ts';
import type { LossLedger } from '../series/types.ts';
import type { HostTelemetry } from '../telemetry/types.ts';

export interface EventOutletServices {
  readonly events: EventBus;
  readonly spans: SpanBus;
  readonly telemetry: HostTelemetry;
  readonly store: { readonly loss: LossLedger };
}

/**
 * One probe's way to the sinks: counts its events and spans, and holds them to the manifest's limits and to the user's
 * budget.
 */
export class EventOutlet {
  readonly #services: EventOutletServices;
  readonly #limits: EventLimits;
  #perSecond = Infinity;
  #second = 0;
  #emitted = 0;

  constructor(services: EventOutletServices, limits: EventLimits) {
    this.#services = services;
    this.#limits = limits;
  }

  /** Of events and spans together. */
  setBudget(perSecond = Infinity): void {
    this.#perSecond = perSecond;
  }

  declare(probe: string): void {
    this.#services.events.declare(probe);
    for (const cause of ['budget', ...this.#limits.causes]) this.#loss.declare(probe, 'events', cause);
  }

  declareSpans(probe: string): void {
    this.#services.spans.declare(probe);
    this.#loss.declare(probe, 'events', 'budget');
  }

  emit(event: EventRecord): void {
    const now = performance.now();
    const held = this.#limits.check(event, now);
    if (held) return this.#loss.add(event.probe, 'events', held, 1);
    if (!this.#isInBudget(now)) return this.#loss.add(event.probe, 'events', 'budget', 1);
    this.#services.telemetry.countEvents(event.probe, event.name, 1);
    this.#services.events.emit(event);
  }

  emitSpan(span: SpanRecord): void {
    if (!this.#isInBudget(performance.now())) return this.#loss.add(span.probe, 'events', 'budget', 1);
    this.#services.telemetry.countSpans(span.probe, 1);
    this.#services.spans.emit(span);
  }

  get #loss(): LossLedger {
    return this.#services.store.loss;
  }

  #isInBudget(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#emitted = 0;
    }
    return ++this.#emitted <= this.#perSecond;
  }
}
