// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asSondeError, quoteNames, sondeError } from '@sonde/kit';
import { clockOffset, NativeError } from '@sonde/native';
import { ConfigStore } from './config/config-store.ts';
import { kernelReport } from './control/kernel-report.ts';
import { hasStuckThreads } from './decoders/index.ts';
import { EventStreams } from './control/event-streams.ts';
import { startControl } from './control/server.ts';
import type { ControlServer } from './control/types.ts';
import { EventBus, type SpanBus } from './events/index.ts';
import { reportHostLosses } from './host-losses.ts';
import { observeIdentity, openIdentity, type Identity } from './identity/index.ts';
import { openSurroundings } from './labels/index.ts';
import { Probes } from './probes/probe-manager.ts';
import { Rules } from './rules/index.ts';
import { createSeriesStore, HOST_PROBE, type SeriesStore } from './series/index.ts';
import { Sinks } from './sinks/sinks.ts';
import { observeTargets, openTargets, type Targets } from './targets/index.ts';
import { createHostTelemetry, type HostTelemetry } from './telemetry/index.ts';

export type LogSeverity = 'info' | 'warn' | 'error';

export interface HostOptions {
  /** Path of `sonde.yaml`. */
  configFile: string;
  /** Told what the host does and what goes wrong, one line each. */
  log(severity: LogSeverity, message: string): void;
}

/** A host that runs. */
export interface Host {
  /** Where to look: the sinks and the control API, one line each. */
  readonly where: readonly string[];
  /** Reads the configuration again, and opens log files anew. Never throws: what fails is logged. */
  reload(): Promise<void>;
  /**
   * Stops the probes and leaves nothing in the kernel. Safe to call twice.
   * @returns whether the process can end by itself: false while a decoder hangs in a system call
   */
  stop(): Promise<boolean>;
}

/** The rooms of a host, in the order in which they are opened; they close in the reverse. */
interface Rooms {
  config: ConfigStore;
  identity: Identity;
  targets: Targets;
  store: SeriesStore;
  telemetry: HostTelemetry;
  events: EventBus;
  spans: SpanBus;
  sinks: Sinks;
  probes: Probes;
  control: ControlServer;
}

/** What undoes each step that was taken so far. */
type Undo = (() => unknown)[];

/**
 * Starts a host: reads its configuration, meets the processes that run, opens sinks and control, and starts the probes.
 *
 * @throws SONDE_FILE_UNREADABLE and all that `sonde.yaml` can be wrong in; SONDE_SOCKET_IN_USE, SONDE_PORT_IN_USE;
 *   SONDE_NO_PRIVILEGES, SONDE_NO_KERNEL_BTF. A probe that fails throws nothing: its status says so. After a throw nothing is
 *   left behind.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const undo: Undo = [];
  const close = once(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  try {
    const rooms = await openRooms(options, undo);
    return {
      get where() {
        return [...rooms.sinks.where, ...whereControl(rooms.control)];
      },
      async reload() {
        await rooms.sinks.reopen().catch((error) => options.log('error', asSondeError(error).format()));
        await rooms.config.reload();
      },
      async stop() {
        await close();
        return !hasStuckThreads();
      },
    };
  } catch (error) {
    await close();
    throw translate(error);
  }
}

async function openRooms({ configFile, log }: HostOptions, undo: Undo): Promise<Rooms> {
  const config = await ConfigStore.open(configFile);
  const probes = new Probes();
  let sinks: Sinks | undefined;
  const streams = new EventStreams();
  // first, so that a second host on the same socket is refused before it has touched the kernel
  const control = await startControl({
    store: config,
    probes,
    sinks: () => sinks?.list() ?? [],
    events: streams,
    isReady: () => probes.ready,
    kernel: kernelReport,
    version: version(),
  });
  undo.push(() => control.close());
  for (const warning of control.warnings) log('warn', warning);

  const identity = await openIdentity({ attributes: config.config.node.attributes, interval: config.config.interval });
  undo.push(() => identity.close());
  const surroundings = openSurroundings(identity, config.config);
  undo.push(() => surroundings.close());
  const targets = await openTargets(identity);
  undo.push(() => targets.close());
  surroundings.guide(targets);

  const { series, interval } = config.config;
  const store = createSeriesStore(identity, { ...series, interval, groupOf: (id) => surroundings.containers.of(id) });
  undo.push(() => store.close());
  store.onSourceFailed((probe, error) => log('error', `${probe}: no snapshot: ${asSondeError(error).message}`));
  reportHostLosses(store, identity, targets);
  const telemetry = createHostTelemetry(store, version());
  undo.push(() => telemetry.close());
  observeIdentity(telemetry.meter, identity);
  observeTargets(telemetry.meter, targets);
  surroundings.observe(telemetry.meter);
  const busServices = { loss: store.loss, settle: () => identity.settle() };
  const events = new EventBus(busServices);
  const spans: SpanBus = new EventBus(busServices);
  streams.open({ events, identity, loss: store.loss });
  undo.push(() => streams.close());

  const opened = new Sinks({ store, events, spans, identity, log });
  sinks = opened;
  undo.push(() => opened.close());
  await opened.follow(config.config);
  const rules = openRules({ store, events, identity, telemetry }, log);
  undo.push(() => rules.close());
  rules.follow(config.config);
  store.start();

  probes.open({
    identity,
    targets,
    store,
    events,
    spans,
    telemetry,
    rules,
    log,
    clockOffset: clock(store),
    allow: () => config.config.allow,
    watchSelf: () => config.config.watchSelf,
    baseDirectory: dirname(config.config.file),
  });
  undo.push(() => probes.close());
  undo.push(() => config.stop());
  telemetry.meter
    .createObservableGauge('sonde.config.rejected', { description: 'Whether sonde.yaml as it is now was put aside as bad' })
    .addCallback((result) => result.observe(config.rejected ? 1 : 0));
  config.on('rejected', (error) => log('error', `the configuration stays as it was: ${error.format()}`));
  config.on('changed', () => warnOfRestart(config, log));
  config.on('changed', (changed) => surroundings.follow(changed));
  config.on('changed', (changed) => rules.follow(changed));
  config.on('changed', (changed) => void opened.follow(changed).catch((error) => log('error', asSondeError(error).format())));
  await config.start(probes);
  return { config, identity, targets, store, telemetry, events, spans, sinks: opened, probes, control };
}

function warnOfRestart({ restartNeeded }: ConfigStore, log: HostOptions['log']): void {
  if (restartNeeded.length === 0) return;
  log('warn', `${quoteNames(restartNeeded, 'and')} of the configuration is read at start only: restart the host to have it as it is now`);
}

/** Rules speak through the same door as probes. */
function openRules({ store, events, identity, telemetry }: Pick<Rooms, 'store' | 'events' | 'identity' | 'telemetry'>, log: HostOptions['log']): Rules {
  return new Rules({
    store,
    identity,
    declare: (probe) => events.declare(probe),
    emit(event) {
      telemetry.countEvents(event.probe, event.name, 1);
      events.emit(event);
    },
    log,
  });
}

/** The offset of the wall clock, taken again at every snapshot: it is set, and it drifts. */
function clock(store: SeriesStore): () => number {
  let offset = clockOffset().monotonic;
  store.addSource(HOST_PROBE, async () => {
    offset = clockOffset().monotonic;
  });
  return () => offset;
}

function whereControl({ socket, address }: ControlServer): string[] {
  return [`control     ${socket} (sonde ps), http://${address.host}:${address.port}/v1/probes with the token`];
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

function translate(error: unknown): Error {
  if (!(error instanceof NativeError)) return asSondeError(error);
  if (error.code === 'PERMISSION') return sondeError('SONDE_NO_PRIVILEGES', { reason: error.message }, { cause: error });
  if (error.code === 'NO_KERNEL_BTF') return sondeError('SONDE_NO_KERNEL_BTF', { reason: error.message }, { cause: error });
  return asSondeError(error);
}

function once(step: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= step());
}

