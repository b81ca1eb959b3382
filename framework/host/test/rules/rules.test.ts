// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventRecord } from '../../src/events/index.ts';
import { Rules, type RuleChange } from '../../src/rules/index.ts';
import { createSeriesStore } from '../../src/series/index.ts';
import { People } from '../series/people.ts';

const LABELS = ['process.executable.name', 'host.name'];
/** Slot of the kit's range that takes what is just under 250 ms. */
const SLOT_250_MS = 71;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store with one entity of all types, and rules over it. */
function watch(rules: Record<string, RuleChange>) {
  const people = new People();
  const store = createSeriesStore(people);
  const table = store.define({
    probe: 'sample',
    name: 'sample.call',
    attributes: ['sample.kind'],
    metrics: [
      { name: 'sample.calls', type: 'counter', unit: '{call}', help: 'Calls' },
      { name: 'sample.size', type: 'gauge', unit: 'By', help: 'Size' },
      { name: 'sample.duration', type: 'histogram', unit: 's', help: 'Time' },
    ],
  });
  const events: EventRecord[] = [];
  const warnings: string[] = [];
  const engine = new Rules({
    store,
    identity: people,
    declare: () => {},
    emit: (event) => events.push(event),
    log: (_, message) => warnings.push(message),
  });
  const follow = (changed: Record<string, RuleChange>): void =>
    engine.follow({ rules: changed, labels: LABELS, interval: 10_000 });
  follow(rules);
  const row = table.row(people.born('redis', 42), ['read']);
  return {
    people,
    table,
    row,
    engine,
    warnings,
    follow,
    /** Lets time pass, looks, and says what was sent. */
    async after(seconds: number): Promise<string[]> {
      vi.advanceTimersByTime(seconds * 1000);
      await engine.look();
      return events.splice(0).map(({ name, attributes }) => `${name} ${attributes['sonde.rule.state']}`);
    },
    async events(): Promise<EventRecord[]> {
      await engine.look();
      return events.splice(0);
    },
    async [Symbol.asyncDispose]() {
      engine.close();
      store.close();
    },
  };
}

test('a gauge fires once it was above for long enough, and is resolved under the lower bound', async () => {
  await using rules = watch({
    'sample.large': { metric: 'sample.size', when: '> 64KiB', until: '< 32KiB', for: '30s' },
  });
  const { table, row } = rules;
  table.set(row, 1, 70_000);
  expect(await rules.after(10)).toEqual([]);
  expect(await rules.after(29)).toEqual([]);
  expect(await rules.after(1)).toEqual(['sample.large firing']);
  expect(await rules.after(60)).toEqual([]);
  table.set(row, 1, 40_000);
  expect(await rules.after(10)).toEqual([]);
  table.set(row, 1, 32_000);
  expect(await rules.after(10)).toEqual(['sample.large resolved']);
});

test('a break starts the time anew', async () => {
  await using rules = watch({ 'sample.large': { metric: 'sample.size', when: '>= 1', for: '30s' } });
  for (const value of [1, 0, 1]) {
    rules.table.set(rules.row, 1, value);
    expect(await rules.after(20)).toEqual([]);
  }
  expect(await rules.after(20)).toEqual([]);
  expect(await rules.after(10)).toEqual(['sample.large firing']);
});

test('the event carries what the rule saw, in the unit of the metric, and the labels of the series', async () => {
  await using rules = watch({ 'sample.large': { metric: 'sample.size', when: '> 64KiB', severity: 'error' } });
  rules.table.set(rules.row, 1, 128 * 1024);
  const [event] = await rules.events();
  expect(event).toMatchObject({
    probe: 'sample',
    name: 'sample.large',
    severity: 'error',
    body: 'firing: sample.size is 128KiB (> 64KiB)',
    identity: 0,
    attributes: {
      'process.executable.name': 'redis',
      'sample.kind': 'read',
      'sonde.rule.state': 'firing',
      'sonde.rule.metric': 'sample.size',
      'sonde.rule.statistic': 'value',
      'sonde.rule.value': 131072,
      'sonde.rule.when': '> 64KiB',
    },
  });
  expect(event!.attributes).not.toHaveProperty('host.name');
  expect(event!.time / 1e6).toBeCloseTo(Date.now(), -4);
});

test('with a pid among its labels, the event is of that process', async () => {
  await using rules = watch({
    'sample.large': { metric: 'sample.size', when: '> 1', labels: ['process.executable.name', 'process.pid'] },
  });
  rules.table.set(rules.row, 1, 2);
  const [event] = await rules.events();
  expect(rules.people.labels(event!.identity).get('process.pid')).toBe(42);
});

test('a counter is compared by what is added a second over the window', async () => {
  await using rules = watch({ 'sample.busy': { metric: 'sample.calls', when: '> 100/s', window: '30s' } });
  const { table, row } = rules;
  table.add(row, 0, 1_000_000);
  expect(await rules.after(10)).toEqual([]);
  table.add(row, 0, 900);
  expect(await rules.after(10)).toEqual([]);
  table.add(row, 0, 3000);
  expect(await rules.after(10)).toEqual(['sample.busy firing']);
  expect(await rules.after(10)).toEqual(['sample.busy firing'].slice(1));
  expect(await rules.after(20)).toEqual(['sample.busy resolved']);
});

test('what a counter had before the rule looked first is no rate; all of a series that comes later is', async () => {
  await using rules = watch({ 'sample.busy': { metric: 'sample.calls', when: '> 100/s', window: '30s' } });
  rules.table.add(rules.row, 0, 1_000_000);
  expect(await rules.after(10)).toEqual([]);
  expect(await rules.after(10)).toEqual([]);
  const other = rules.table.row(rules.people.born('postgres'), ['read']);
  rules.table.add(other, 0, 5000);
  expect(await rules.after(10)).toEqual(['sample.busy firing']);
});

describe('a histogram is compared by', () => {
  const at = (slot: number, count: number) => ({ zero: 0, over: 0, sum: count * 240e6, slots: [count], from: slot });

  test.each([
    ['p50', '> 10ms', false],
    ['p90', '> 10ms', false],
    ['p99', '> 200ms', true],
    ['p99', '> 260ms', false],
    ['mean', '> 10ms', true],
  ] as const)('its %s %s', async (statistic, when, fires) => {
    await using rules = watch({ 'sample.slow': { metric: 'sample.duration', statistic, when } });
    const { table, row } = rules;
    table.addHistogram(row, 2, { zero: 940, over: 0, sum: 0, slots: [], from: 0 });
    expect(await rules.after(10)).toEqual([]);
    table.addHistogram(row, 2, { zero: 940, over: 0, sum: 0, slots: [], from: 0 });
    table.addHistogram(row, 2, at(SLOT_250_MS, 60));
    expect(await rules.after(10)).toEqual(fires ? ['sample.slow firing'] : []);
  });

  test('what was observed within the window only', async () => {
    await using rules = watch({
      'sample.slow': { metric: 'sample.duration', statistic: 'p50', when: '> 200ms', window: '20s' },
    });
    const { table, row } = rules;
    table.addHistogram(row, 2, at(SLOT_250_MS, 1000));
    expect(await rules.after(10)).toEqual([]);
    table.addHistogram(row, 2, at(SLOT_250_MS, 10));
    expect(await rules.after(10)).toEqual(['sample.slow firing']);
    table.addHistogram(row, 2, at(0, 5));
    expect(await rules.after(10)).toEqual([]);
    expect(await rules.after(10)).toEqual(['sample.slow resolved']);
  });
});

test('after it was resolved, a rule cools down', async () => {
  await using rules = watch({ 'sample.large': { metric: 'sample.size', when: '> 1', cooldown: '1m' } });
  const { table, row } = rules;
  const seen: string[] = [];
  for (const value of [2, 0, 2, 0, 2, 2, 2, 2]) {
    table.set(row, 1, value);
    seen.push(...(await rules.after(15)));
  }
  expect(seen).toEqual(['sample.large firing', 'sample.large resolved', 'sample.large firing']);
});

test('each series has an alarm of its own, and only those that match have one', async () => {
  await using rules = watch({
    'sample.large': {
      metric: 'sample.size',
      when: '> 1',
      match: { 'process.executable.name': '/^(redis|postgres)$/', 'sample.kind': 'r*' },
    },
  });
  const { table, people } = rules;
  const sizes = [
    [rules.row, 2],
    [table.row(people.born('postgres'), ['read']), 2],
    [table.row(people.born('postgres'), ['write']), 2],
    [table.row(people.born('nginx'), ['read']), 2],
  ] as const;
  for (const [row, size] of sizes) table.set(row, 1, size);
  const events = await rules.events();
  expect(new Set(events.map(({ attributes }) => attributes['process.executable.name']))).toEqual(
    new Set(['postgres', 'redis']),
  );
});

test('what fires is resolved when its series goes, when the rule goes and when the host ends', async () => {
  const rule = { metric: 'sample.size', when: '> 1' };
  const rules = watch({ 'sample.large': rule, 'sample.huge': rule });
  const { table, people } = rules;
  const row = table.open(people.born('postgres'), ['read']);
  table.set(rules.row, 1, 2);
  table.set(row, 1, 2);
  expect(await rules.after(10)).toHaveLength(4);
  table.end(row);
  expect(await rules.after(10)).toEqual(['sample.large resolved', 'sample.huge resolved']);
  rules.follow({ 'sample.large': rule });
  expect(await rules.after(10)).toEqual(['sample.huge resolved']);
  rules.engine.close();
  expect(await rules.after(10)).toEqual(['sample.large resolved']);
});

test('a rule of a manifest is changed field by field, or switched off, by sonde.yaml', async () => {
  await using rules = watch({});
  rules.engine.setProbe('sample', { 'sample.large': { metric: 'sample.size', when: '> 100' } });
  rules.table.set(rules.row, 1, 50);
  expect(await rules.after(10)).toEqual([]);
  rules.follow({ 'sample.large': { when: '> 10' } });
  expect(await rules.after(10)).toEqual(['sample.large firing']);
  rules.follow({ 'sample.large': { enabled: false } });
  expect(await rules.after(10)).toEqual(['sample.large resolved']);
});

test('a rule that makes no sense is said once, and holds up no other', async () => {
  await using rules = watch({
    'sample.slow': { metric: 'sample.duration', when: '> 1s' },
    'sample.large': { metric: 'sample.size', when: '> 1s' },
    'sample.none': { when: '> 1' },
    'sample.good': { metric: 'sample.size', when: '> 1' },
  });
  rules.table.set(rules.row, 1, 2);
  expect(await rules.after(10)).toEqual(['sample.good firing']);
  await rules.after(10);
  expect(rules.warnings).toEqual([
    "rule 'sample.none' is not in effect: needs 'metric' and 'when'",
    "rule 'sample.slow' is not in effect: 'statistic': of a histogram it is one of p50, p90, p99, mean",
    "rule 'sample.large' is not in effect: 'when': '> 1s' is no bound for sample.size, which is in By",
  ]);
});

test('rules are the same in sonde.yaml and in manifests', () => {
  const definition = (file: string, key: string) =>
    (
      JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Record<
        string,
        Record<string, { properties: object }>
      >
    )[key]!['Rule'];
  const inManifest = definition('../../../kit/probe.schema.json', 'definitions');
  const inConfig = definition('../../src/config/sonde.schema.json', '$defs');
  expect(Object.keys(inConfig!.properties)).toEqual(Object.keys(inManifest!.properties));
});
