// SPDX-License-Identifier: Apache-2.0
import type { Config } from '../config/types.ts';
import { createSink, pullView, type SinkServices } from './create-sink.ts';
import { labelledSpec, relabelRules } from './labelled.ts';
import { WHOLE_IDENTITY } from './push/index.ts';
import type { Sink, SinkStatus } from './types.ts';

/** The type of sink that others come to. It takes no events. */
const LISTENS = 'prometheus';

interface Running {
  sink: Sink;
  /** All that the sink was made from: another text, another sink. */
  made: string;
}

/** The sinks of a host, as its configuration names them. */
export class Sinks {
  readonly #services: SinkServices;
  readonly #running = new Map<string, Running>();
  #turn: Promise<void> = Promise.resolve();

  constructor(services: SinkServices) {
    this.#services = services;
  }

  /**
   * Starts, stops and replaces sinks until they are those of `config`. One that fails is reported and left out; the others
   * go on. @throws the first failure, once all are done
   */
  follow(config: Config): Promise<void> {
    const turn = this.#turn.then(() => this.#follow(config));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Each sink with its state, its queue and its last error. */
  list(): SinkStatus[] {
    return [...this.#running.values()].map(({ sink }) => ({ name: sink.name, type: sink.type, ...sink.state() }));
  }

  /** Where each sink listens or writes, for people. */
  get where(): string[] {
    return [...this.#running.values()].map(({ sink }) => `${sink.name.padEnd(10)}  ${sink.state().where}`);
  }

  /** Opens files anew, after a rotation. */
  async reopen(): Promise<void> {
    await Promise.all([...this.#running.values()].map(async ({ sink }) => sink.reopen?.()));
  }

  async close(): Promise<void> {
    await this.#turn;
    await Promise.all([...this.#running.values()].map(({ sink }) => sink.stop()));
    this.#running.clear();
  }

  async #follow(config: Config): Promise<void> {
    const failures: unknown[] = [];
    for (const name of [...this.#running.keys()]) {
      if (config.sinks[name] === undefined) await this.#stop(name);
    }
    for (const name of Object.keys(config.sinks)) {
      await this.#replace(name, config).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #replace(name: string, config: Config): Promise<void> {
    const views = [pullView(config), WHOLE_IDENTITY].map(labelledSpec(name, config));
    const routes = config.routes.filter(({ sinks }) => sinks.includes(name));
    const rules = [relabelRules(name, 'events', config), relabelRules(name, 'spans', config)];
    const made = JSON.stringify([config.sinks[name], views, rules, config.control.tokenFile, routes]);
    const old = this.#running.get(name);
    if (old?.made === made) return;
    const sink = await createSink(name, config, this.#services);
    // totals go with the last reader of a view, and for a moment there is none
    const readers = old ? views.map((spec) => this.#services.store.view(spec).reader()) : [];
    try {
      if (old && sink.type !== LISTENS) await this.#takeOver(name, { sink, made }, old);
      else await this.#startAfter(name, { sink, made });
    } finally {
      for (const reader of readers) reader.close();
    }
  }

  /** Starts the new one before the old one stops, so that no event falls between them: some reach both. */
  async #takeOver(name: string, next: Running, old: Running): Promise<void> {
    await next.sink.start();
    this.#running.set(name, next);
    await old.sink.stop();
  }

  /** Two cannot listen on one port. */
  async #startAfter(name: string, next: Running): Promise<void> {
    await this.#stop(name);
    // one that fails is shown as such, and tried again with the next configuration
    this.#running.set(name, { ...next, made: '' });
    await next.sink.start();
    this.#running.set(name, next);
  }

  async #stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    await running?.sink.stop();
  }
}
