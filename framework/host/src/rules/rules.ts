// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '@sonde/kit';
import type { EntityDefinition, TableSnapshot, ViewReader } from '../series/types.ts';
import { ruleEvent } from './rule-event.ts';
import { boundOf, timedRule, type Bound, type TimedRule } from './timed-rule.ts';
import type { RuleServices, RuleSettings } from './types.ts';
import { WatchedTable, type Verdict } from './watched-table.ts';

/** Milliseconds. */
const SHORTEST_INTERVAL = 100;

/** One rule over one entity. */
interface Watch {
  bound: Bound;
  metric: number;
  table: WatchedTable;
}

/** One rule, and every entity that it was held against; undefined for those without its metric. */
interface Followed {
  rule: TimedRule;
  /** Equal for equal rules. */
  text: string;
  watches: Map<EntityDefinition, Watch | undefined>;
}

/** Rules that read the same view. */
interface Group {
  labels: string;
  reader: ViewReader;
  followed: Followed[];
}

/** Holds series against the rules of manifests and sonde.yaml, and sends events when a threshold is crossed. */
export class Rules {
  readonly #services: RuleServices;
  readonly #manifests = new Map<string, Readonly<Record<string, Rule>>>();
  #settings: RuleSettings = { rules: {}, labels: [], interval: 10_000 };
  #groups: Group[] = [];
  #made = '';
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(services: RuleServices) {
    this.#services = services;
  }

  /** Goes by these settings from now on. Rules that did not change keep what they know. */
  follow(settings: RuleSettings): void {
    this.#settings = settings;
    this.#rebuild();
  }

  /** The rules that a probe brings along; undefined when it is gone. */
  setProbe(probe: string, rules: Readonly<Record<string, Rule>> | undefined): void {
    if (rules) this.#manifests.set(probe, rules);
    else this.#manifests.delete(probe);
    this.#rebuild();
  }

  /** Takes a snapshot and looks at it; by itself it does so every interval. */
  look(): Promise<void> {
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  /** Says of what fires that it is resolved. */
  close(): void {
    clearInterval(this.#timer);
    for (const group of this.#groups) this.#end(group);
    this.#groups = [];
    this.#made = '';
  }

  async #look(): Promise<void> {
    await this.#services.store.refresh();
    const time = performance.now();
    for (const { reader, followed } of this.#groups) {
      const snapshot = reader.snapshot();
      for (const each of followed) this.#hold(each, snapshot.tables, time);
      reader.acknowledge(snapshot);
    }
  }

  #hold(followed: Followed, tables: readonly TableSnapshot[], time: number): void {
    const { rule, watches } = followed;
    for (const table of tables) {
      const { definition } = table;
      if (!watches.has(definition)) watches.set(definition, this.#begin(rule, definition));
      const watch = watches.get(definition);
      for (const verdict of watch?.table.look(table, time) ?? []) this.#emit(rule, watch!, definition, verdict);
    }
    const present = new Set(tables.map(({ definition }) => definition));
    for (const definition of watches.keys()) if (!present.has(definition)) this.#endWatch(followed, definition);
  }

  #begin(rule: TimedRule, definition: EntityDefinition): Watch | undefined {
    const metric = definition.metrics.findIndex(({ name }) => name === rule.rule.metric);
    if (metric < 0) return undefined;
    const bound = boundOf(rule, definition.metrics[metric]!);
    if (typeof bound !== 'string') {
      this.#services.declare(definition.probe);
      return { bound, metric, table: new WatchedTable(rule, bound, metric) };
    }
    this.#services.log('warn', `rule '${rule.name}' is not in effect: ${bound}`);
    return undefined;
  }

  #emit(rule: TimedRule, { bound, metric }: Watch, { metrics, probe }: EntityDefinition, verdict: Verdict): void {
    const { emit, identity } = this.#services;
    emit(ruleEvent(rule, bound, metrics[metric]!, probe, verdict, (id) => identity.labels(id)));
  }

  #rebuild(): void {
    const wanted = this.#wanted();
    const made = JSON.stringify([wanted, this.#settings.labels, this.#settings.interval]);
    if (made === this.#made) return;
    this.#made = made;
    const timed = Object.entries(wanted).flatMap(([name, rule]) => {
      const read = timedRule(name, rule);
      if (typeof read !== 'string') return [read];
      this.#services.log('warn', `rule '${name}' is not in effect: ${read}`);
      return [];
    });
    const old = this.#groups;
    this.#groups = this.#grouped(timed);
    const kept = new Set(this.#groups.flatMap(({ followed }) => followed));
    for (const group of old) this.#end(group, kept);
    clearInterval(this.#timer);
    if (timed.length === 0) return;
    const shortest = Math.min(this.#settings.interval, ...timed.map(({ window }) => window));
    this.#timer = setInterval(() => void this.look(), Math.max(shortest, SHORTEST_INTERVAL));
    this.#timer.unref();
  }

  /** Those of the manifests, changed field by field by those of sonde.yaml. */
  #wanted(): Record<string, Partial<Rule>> {
    const wanted: Record<string, Partial<Rule>> = Object.assign({}, ...this.#manifests.values());
    for (const [name, change] of Object.entries(this.#settings.rules)) wanted[name] = { ...wanted[name], ...change };
    return Object.fromEntries(Object.entries(wanted).filter(([, { enabled }]) => enabled !== false));
  }

  /** Rules with the same labels read one view; one that did not change goes on where it was. */
  #grouped(rules: readonly TimedRule[]): Group[] {
    const byLabels = Map.groupBy(rules, ({ rule }) => JSON.stringify(rule.labels ?? this.#settings.labels));
    return [...byLabels].map(([labels, same]) => {
      const before = this.#groups.find((group) => group.labels === labels)?.followed ?? [];
      const followed = same.map((rule) => {
        const text = JSON.stringify([rule.name, rule.rule]);
        return before.find((each) => each.text === text) ?? { rule, text, watches: new Map() };
      });
      const view = this.#services.store.view({ identity: JSON.parse(labels) as string[] });
      return { labels, reader: view.reader({ acknowledges: true }), followed };
    });
  }

  #end({ reader, followed }: Group, kept: ReadonlySet<Followed> = new Set()): void {
    for (const each of followed) {
      if (!kept.has(each)) for (const definition of [...each.watches.keys()]) this.#endWatch(each, definition);
    }
    reader.close();
  }

  #endWatch({ rule, watches }: Followed, definition: EntityDefinition): void {
    const watch = watches.get(definition);
    watches.delete(definition);
    for (const verdict of watch?.table.close() ?? []) this.#emit(rule, watch!, definition, verdict);
  }
}
