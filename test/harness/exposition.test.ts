// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { fallenCounters, parseExposition } from './exposition.ts';

const text = `# HELP calls_total Calls of a \\"thing\\"
# TYPE calls_total counter
calls_total{executable="a b",path="C:\\\\x\\n\\"y\\""} 3
calls_total{executable="other"} 4
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.5"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 1.5
wait_seconds_count 2
`;

test('a text is read into series by name and labels', () => {
  const scrape = parseExposition(text);
  expect(scrape.value('calls_total', { path: 'C:\\x\n"y"' })).toBe(3);
  expect(scrape.sum('calls_total')).toBe(7);
  expect(scrape.histogram('wait_seconds')).toEqual({ count: 2, sum: 1.5, buckets: new Map([['0.5', 1], ['+Inf', 2]]) });
  expect(scrape.types.get('wait_seconds')).toBe('histogram');
  expect(() => scrape.value('calls_total')).toThrow(/2 series match/);
});

test.each([
  ['a duplicate series', '# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n', /duplicate/],
  ['a sample without TYPE', 'a 1\n', /without TYPE/],
  ['families that interleave', '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x="1"} 2\n', /not together/],
  ['labels without quotes', '# TYPE a gauge\na{x=1} 1\n', /labels/],
  ['a last line without line feed', '# TYPE a gauge\na 1', /line feed/],
  ['lines after the end', '# EOF\n# TYPE a gauge\n', /after # EOF/],
])('%s is refused', (_, bad, message) => {
  expect(() => parseExposition(bad)).toThrow(message);
});

test('a counter that fell or vanished is found, a gauge that fell is none', () => {
  const before = parseExposition('# TYPE a_total counter\na_total{x="1"} 5\na_total{x="2"} 5\n# TYPE g gauge\ng 5\n');
  const after = parseExposition('# TYPE a_total counter\na_total{x="1"} 4\n# TYPE g gauge\ng 1\n');
  expect(fallenCounters(before, after)).toEqual(['a_total{x="1"}: 5 → 4', 'a_total{x="2"}: 5 → gone']);
  expect(fallenCounters(before, before)).toEqual([]);
});
