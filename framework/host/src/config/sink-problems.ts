// SPDX-License-Identifier: Apache-2.0
import { sondeError, type Place, type SondeError } from '@sonde/kit';
import { matchesGlob } from '../targets/glob.ts';
import type { Config } from './types.ts';

type PlaceOf = (pointer: string) => Place;

/** Milliseconds. */
const SHORTEST = 100;

/** What the schema cannot say of sinks that push. */
export function* findSinkProblems({ sinks }: Config, place: PlaceOf): Iterable<SondeError> {
  for (const [name, sink] of Object.entries(sinks)) {
    for (const key of ['interval', 'timeout'] as const) {
      const { [key]: milliseconds = SHORTEST } = sink as { interval?: number; timeout?: number };
      if (milliseconds >= SHORTEST) continue;
      const values = { found: `${milliseconds} ms`, rule: `it must be at least ${SHORTEST}ms` };
      yield sondeError('SONDE_INPUT_VALUE', values, { place: place(`/sinks/${name}/${key}`) });
    }
    if (sink.type === 'otlp' && sink.tls && sink.endpoint.startsWith('http:')) {
      const values = { found: `tls for ${sink.endpoint}`, rule: 'TLS needs an endpoint that begins with https:' };
      yield sondeError('SONDE_INPUT_VALUE', values, { place: place(`/sinks/${name}/tls`) });
    }
  }
}

/** Routes to sinks that there are not, and globs that are none. */
export function* findRouteProblems({ sinks, routes }: Config, place: PlaceOf): Iterable<SondeError> {
  for (const [index, route] of routes.entries()) {
    for (const [at, name] of route.sinks.entries()) {
      if (Object.hasOwn(sinks, name)) continue;
      const values = { found: `'${name}'`, rule: `the sinks are ${Object.keys(sinks).join(', ')}` };
      yield sondeError('SONDE_INPUT_VALUE', values, { place: place(`/routes/${index}/sinks/${at}`) });
    }
    for (const key of ['probes', 'metrics', 'events', 'spans'] as const) {
      for (const [at, glob] of (route[key] ?? []).entries()) {
        try {
          matchesGlob(glob);
        } catch (error) {
          const values = { found: `'${glob}'`, rule: (error as Error).message };
          yield sondeError('SONDE_INPUT_VALUE', values, { place: place(`/routes/${index}/${key}/${at}`) });
        }
      }
    }
  }
}
