// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../config/types.ts';
import { matchesGlob } from '../targets/glob.ts';

type Signal = 'metrics' | 'events' | 'spans';
type Test = (probe: string, name: string) => boolean;

/** What a sink is to have. */
export type Selection = Record<Signal, Test>;

const MOST_REMEMBERED = 4096;

/** What the routes let through to a sink; undefined if that is everything, since none of them names it. */
export function selectionFor(sink: string, routes: readonly Route[]): Selection | undefined {
  const own = routes.filter(({ sinks }) => sinks.includes(sink));
  if (own.length === 0) return undefined;
  const testOf = (signal: Signal): Test => {
    const tests = own.map((route) => routeTest(route, signal));
    return remembered((probe, name) => tests.some((test) => test(probe, name)));
  };
  return { metrics: testOf('metrics'), events: testOf('events'), spans: testOf('spans') };
}

function routeTest({ probes, metrics, events, spans }: Route, signal: Signal): Test {
  const namesSome = metrics !== undefined || events !== undefined || spans !== undefined;
  const isProbe = anyOf(probes ?? ['*']);
  const isName = anyOf({ metrics, events, spans }[signal] ?? (namesSome ? [] : ['*']));
  return (probe, name) => isProbe(probe) && isName(name);
}

function anyOf(globs: readonly string[]): (text: string) => boolean {
  const tests = globs.map(matchesGlob);
  return (text) => tests.some((test) => test(text));
}

/** Names are few as a rule, and each event asks. */
function remembered(test: Test): Test {
  const known = new Map<string, boolean>();
  return (probe, name) => {
    const key = `${probe} ${name}`;
    let passes = known.get(key);
    if (passes === undefined) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(key, (passes = test(probe, name)));
    }
    return passes;
  };
}
