// SPDX-License-Identifier: Apache-2.0
import type { EventBus, EventRecord } from '../events/index.ts';
import type { LossLedger } from '../series/types.ts';
import type { HostTelemetry } from '../telemetry/types.ts';

/** One probe's way to the sinks: counts its events, and holds it to its budget of events a second. */
export class EventOutlet {
  readonly #bus: EventBus;
  readonly #telemetry: HostTelemetry;
  readonly #loss: LossLedger;
  #perSecond = Infinity;
  #second = 0;
  #emitted = 0;

  constructor(bus: EventBus, telemetry: HostTelemetry, loss: LossLedger) {
    this.#bus = bus;
    this.#telemetry = telemetry;
    this.#loss = loss;
  }

  setBudget(perSecond = Infinity): void {
    this.#perSecond = perSecond;
  }

  declare(probe: string): void {
    this.#bus.declare(probe);
    this.#loss.declare(probe, 'events', 'budget');
  }

  emit(event: EventRecord): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#emitted = 0;
    }
    if (++this.#emitted > this.#perSecond) return this.#loss.add(event.probe, 'events', 'budget', 1);
    this.#telemetry.countEvents(event.probe, event.name, 1);
    this.#bus.emit(event);
  }
}
