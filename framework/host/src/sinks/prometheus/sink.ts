// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { joinErrors, sondeError, type SondeError } from '@sonde/kit';
import { formatListenAddress, isLoopback } from '../../config/listen-address.ts';
import type { PrometheusSinkConfig } from '../../config/types.ts';
import type { GuardOptions, Token } from '../../control/guard.ts';
import type { SeriesStore, ViewReader, ViewSpec } from '../../series/types.ts';
import type { Sink, SinkState } from '../types.ts';
import { handlerFor, METRICS_PATH } from './handler.ts';
import { listen, stopListening } from './listener.ts';
import { Scraper } from './scraper.ts';

export interface PrometheusSinkOptions {
  /** Its key under `sinks` in sonde.yaml. */
  name: string;
  config: PrometheusSinkConfig;
  /** Whose labels it shows. */
  view: ViewSpec;
  /** Asked of every reader beyond loopback; on loopback the metrics are open. */
  token?: Token;
}

/** A listener that Prometheus scrapes. Totals begin when it starts, so start it before the probes. */
export function createPrometheusSink(
  store: Pick<SeriesStore, 'view' | 'refresh'>,
  options: PrometheusSinkOptions,
): Sink {
  return new PrometheusSink(store, options);
}

interface Running {
  server: Server;
  reader: ViewReader;
  scraper: Scraper;
}

class PrometheusSink implements Sink {
  readonly type = 'prometheus';
  readonly #store: Pick<SeriesStore, 'view' | 'refresh'>;
  readonly #options: PrometheusSinkOptions;
  #running: Running | undefined;
  #error: SondeError | undefined;

  constructor(store: Pick<SeriesStore, 'view' | 'refresh'>, options: PrometheusSinkOptions) {
    this.#store = store;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** @throws SONDE_LISTEN_NEEDS_TLS, SONDE_TOKEN_NEEDED, SONDE_PORT_IN_USE, SONDE_LISTEN_FAILED */
  async start(): Promise<void> {
    if (this.#running) return;
    const { config, view } = this.#options;
    const reader = this.#store.view(view).reader();
    const scraper = new Scraper(this.#store, reader, config.createdTimestamps);
    try {
      const server = await listen(
        { address: config.listen, tls: config.tls, setting: this.#setting('listen') },
        handlerFor(scraper, this.#admission()),
      );
      this.#running = { server, reader, scraper };
      this.#error = undefined;
    } catch (error) {
      reader.close();
      this.#error = error as SondeError;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    await stopListening(running.server);
    running.reader.close();
  }

  state(): SinkState {
    const scheme = this.#options.config.tls ? 'https' : 'http';
    const where = `${scheme}://${formatListenAddress(this.#address())}${METRICS_PATH}`;
    if (!this.#running)
      return this.#error ? { state: 'failed', where, error: this.#error } : { state: 'stopped', where };
    const { problems } = this.#running.scraper;
    return problems.length > 0
      ? { state: 'running', where, error: joinErrors(problems, where) }
      : { state: 'running', where };
  }

  /** Where it really listens: the configured port may be 0. */
  #address(): { host: string; port: number } {
    const { listen: configured } = this.#options.config;
    const bound = this.#running?.server.address() as AddressInfo | undefined;
    return { host: configured.host, port: bound?.port ?? configured.port };
  }

  /** Beyond loopback readers need the token; on loopback, where there is none, they must mean this host. */
  #admission(): GuardOptions {
    const { config, token } = this.#options;
    const { host } = config.listen;
    if (isLoopback(host)) return { names: { host } };
    if (!config.tls) throw sondeError('SONDE_LISTEN_NEEDS_TLS', { host, tls: this.#setting('tls') });
    if (!token) throw sondeError('SONDE_TOKEN_NEEDED', { host });
    return { token };
  }

  #setting(key: string): string {
    return `\`sinks.${this.name}.${key}\``;
  }
}
