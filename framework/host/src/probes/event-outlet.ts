// SPDX-License-Identifier: Apache-2.0
import type { EventBus, EventLimits, EventRecord } from '../events/index.ts';
import type { LossLedger } from '../series/types.ts';
import type { HostTelemetry } from '../telemetry/types.ts';

/** One probe's way to the sinks: counts its events, and holds them to the manifest's limits and to the user's budget. */
export class EventOutlet {
  readonly #bus: EventBus;
  readonly #limits: EventLimits;
  readonly #telemetry: HostTelemetry;
  readonly #loss: LossLedger;
  #perSecond = Infinity;
  #second = 0;
  #emitted = 0;

  constructor(bus: EventBus, limits: EventLimits, telemetry: HostTelemetry, loss: LossLedger) {
    this.#bus = bus;
    this.#limits = limits;
    this.#telemetry = telemetry;
    this.#loss = loss;
  }

  setBudget(perSecond = Infinity): void {
    this.#perSecond = perSecond;
  }

  declare(probe: string): void {
    this.#bus.declare(probe);
    for (const cause of ['budget', ...this.#limits.causes]) this.#loss.declare(probe, 'events', cause);
  }

  emit(event: EventRecord): void {
    const now = performance.now();
    const held = this.#limits.check(event, now);
    if (held) return this.#loss.add(event.probe, 'events', held, 1);
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#emitted = 0;
    }
    if (++this.#emitted > this.#perSecond) return this.#loss.add(event.probe, 'events', 'budget', 1);
    this.#telemetry.countEvents(event.probe, event.name, 1);
    this.#bus.emit(event);
  }
}
