// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createSeriesStore, type MetricDefinition } from '../../../src/series/index.ts';
import { familiesOf } from '../../../src/sinks/prometheus/families.ts';
import { People } from '../../series/people.ts';

function familiesWith(...metrics: MetricDefinition[]) {
  const store = createSeriesStore(new People());
  const reader = store.view({ identity: [] }).reader();
  for (const [i, metric] of metrics.entries()) {
    const table = store.define({ probe: `p${i}`, name: 'x', attributes: ['i'], metrics: [metric] });
    if (metric.type === 'histogram')
      table.addHistogram(table.row(0, ['']), 0, { zero: 1, over: 0, sum: 0, slots: [], from: 0 });
    else if (metric.type === 'gauge') table.set(table.row(0, ['']), 0, 1);
    else table.add(table.row(0, ['']), 0, 1);
  }
  return familiesOf(reader.snapshot());
}

const metric = (name: string, type: MetricDefinition['type'], unit = ''): MetricDefinition => ({
  name,
  type,
  unit,
  help: 'Help',
});

test('metrics of one name and kind are one family', () => {
  const { families, problems } = familiesWith(metric('a.b', 'counter'), metric('a_b', 'counter'));
  expect(problems).toEqual([]);
  expect(families.find(({ name }) => name === 'a_b')!.parts).toHaveLength(2);
});

test.each([
  [metric('wait', 'gauge', 's'), metric('wait.seconds', 'counter', '')],
  [metric('wait', 'histogram', 's'), metric('wait.seconds.count', 'gauge', '')],
  [metric('wait', 'counter', ''), metric('wait.created', 'gauge', '')],
])('a metric whose name another has in Prometheus is left out, and that is said', (first, second) => {
  const { families, problems } = familiesWith(first, second);
  expect(families.filter(({ name }) => name.startsWith('wait'))).toHaveLength(1);
  expect(problems.map(({ code }) => code)).toEqual(['SONDE_SERIES_CONFLICT']);
});
