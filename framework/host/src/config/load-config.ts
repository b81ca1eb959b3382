// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { joinErrors, parseDuration, sondeError, validateYaml, type Place, type SondeError } from '@sonde/kit';
import { withDefaults, withDefaultsOf, type FilledConfig } from './defaults.ts';
import { validate } from './generated/validate.ts';
import { isLoopback, parseListenAddress } from './listen-address.ts';
import { resolveContainers, resolveKubernetes } from './resolve-identity.ts';
import { resolveSink } from './resolve-sink.ts';
import { findRouteProblems, findSinkProblems } from './sink-problems.ts';
import { findRelabelProblems } from './relabel-problems.ts';
import schema from './sonde.schema.json' with { type: 'json' };
import type { Config, ControlConfig, ListenAddress, ProbeConfig, SinkLabels, SondeConfig, Tls } from './types.ts';

/** Milliseconds. */
const shortestInterval = 100;

/** A configuration and where in its file each part of it stands. */
export interface ConfigSource {
  config: Config;
  /** Place of a part, by its JSON pointer; the nearest part that exists if the file does not have it. */
  place(pointer: string): Place;
}

/**
 * Reads `sonde.yaml`.
 * @throws SONDE_FILE_UNREADABLE, or what `parseConfig` throws
 */
export async function loadConfig(file: string): Promise<ConfigSource> {
  return parseConfig(await readConfig(file), file);
}

/** @throws SONDE_FILE_UNREADABLE */
async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw sondeError('SONDE_FILE_UNREADABLE', { file, reason: (cause as Error).message }, { place: { file }, cause });
  }
}

/**
 * Checks the text of a `sonde.yaml` and fills in what it leaves open.
 * @param file where it lies or will lie; relative paths in it start at its folder
 * @throws SONDE_INPUT_SYNTAX, SONDE_INPUT_UNKNOWN_KEY, SONDE_INPUT_TYPE … as `validateYaml`; SONDE_LISTEN_NEEDS_TLS
 */
export function parseConfig(text: string, file: string): ConfigSource {
  const source = validateYaml<SondeConfig>(text, file, { schema, validate });
  const config = resolveConfig(withDefaults(source.value), resolve(file));
  const problems = findProblems(config, (pointer) => source.place(pointer));
  if (problems.length > 0) throw joinErrors(problems, file);
  return { config, place: (pointer) => source.place(pointer) };
}

function resolveConfig(filled: FilledConfig, file: string): Config {
  const absolute = (path: string): string => resolve(dirname(file), path);
  return {
    file,
    node: { attributes: filled.node.attributes ?? {} },
    interval: milliseconds(filled.interval),
    watchSelf: filled.watchSelf,
    allow: filled.allow.map((name) => packageReference(name, absolute)),
    probes: mapValues(filled.probes, (probe) => resolveProbe(probe, absolute)),
    labels: filled.labels,
    sinkLabels: sinkLabelsOf(filled.sinks),
    relabel: filled.relabel.map((rule) => withDefaultsOf('RelabelRule', rule)),
    ...(filled.targets && { targets: filled.targets }),
    containers: resolveContainers(filled.containers, absolute),
    kubernetes: resolveKubernetes(filled.kubernetes, absolute),
    series: { budget: filled.series.budget, retention: milliseconds(filled.series.retention) },
    sinks: Object.fromEntries(
      Object.entries(filled.sinks).map(([name, sink]) => [name, resolveSink(name, sink ?? {}, absolute)]),
    ),
    routes: filled.routes,
    rules: filled.rules,
    control: resolveControl(filled.control, absolute),
    state: absolute(filled.state),
  };
}

type Absolute = (path: string) => string;

function resolveProbe(probe: ProbeConfig, absolute: Absolute): ProbeConfig {
  return probe.package === undefined ? probe : { ...probe, package: packageReference(probe.package, absolute) };
}

function sinkLabelsOf(sinks: FilledConfig['sinks']): Record<string, SinkLabels> {
  const chosen = Object.entries(sinks).map(([name, sink]) => [name, (sink as { labels?: SinkLabels } | null)?.labels] as const);
  return Object.fromEntries(chosen.filter((entry): entry is [string, SinkLabels] => entry[1] !== undefined));
}

function resolveControl(
  { socket, group, listen, tokenFile, tls }: FilledConfig['control'],
  absolute: Absolute,
): ControlConfig {
  return {
    socket: absolute(socket),
    group,
    listen: parseListenAddress(listen),
    tokenFile: absolute(tokenFile),
    ...resolveTls(tls, absolute),
  };
}

function resolveTls(tls: Tls | undefined, absolute: Absolute): { tls?: Tls } {
  return tls ? { tls: { cert: absolute(tls.cert), key: absolute(tls.key) } } : {};
}

/** npm names stay as they are; paths begin with a dot or a slash. */
function packageReference(reference: string, absolute: Absolute): string {
  return /^[./]/.test(reference) ? absolute(reference) : reference;
}

/** What the schema cannot say: too short an interval, wrong ports, listeners in the clear beyond loopback. */
function findProblems(config: Config, place: (pointer: string) => Place): SondeError[] {
  const problems: SondeError[] = [];
  if (config.interval < shortestInterval) {
    const values = { found: `${config.interval} ms`, rule: `it must be at least ${shortestInterval}ms` };
    problems.push(sondeError('SONDE_INPUT_VALUE', values, { place: place('/interval') }));
  }
  problems.push(...findSinkProblems(config, place), ...findRouteProblems(config, place));
  problems.push(...findRelabelProblems(config, place));
  for (const { section, listen, tls } of listeners(config)) {
    const at = { place: place(`${section}/listen`) };
    if (listen.port > 65535) {
      const values = { found: `port ${listen.port}`, rule: 'ports end at 65535' };
      problems.push(sondeError('SONDE_INPUT_VALUE', values, at));
    } else if (!tls && !isLoopback(listen.host)) {
      problems.push(sondeError('SONDE_LISTEN_NEEDS_TLS', { host: listen.host, tls: `${section}/tls` }, at));
    }
  }
  return problems;
}

function listeners({ control, sinks }: Config): { section: string; listen: ListenAddress; tls?: Tls }[] {
  const served = Object.entries(sinks).flatMap(([name, sink]) =>
    sink.type === 'prometheus' ? [{ section: `/sinks/${name}`, ...sink }] : [],
  );
  return [{ section: '/control', ...control }, ...served];
}

/** Milliseconds of a duration that the schema has accepted. */
function milliseconds(duration: string): number {
  return parseDuration(duration)! / 1e6;
}

function mapValues<In, Out>(values: Record<string, In>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
