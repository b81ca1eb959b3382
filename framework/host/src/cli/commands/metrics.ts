// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import type { Command } from '../command.ts';
import { families } from '../exposition.ts';

const defaultUrl = 'http://127.0.0.1:9464/metrics';

export const command: Command = {
  usage: 'metrics [<part of a name>…]',
  help:
    'Prints what Prometheus would scrape now: all metrics, or those whose name contains one of the words. With ' +
    '--json, metric families with their samples.',
  options: { url: { value: 'url', help: `Where the host serves metrics (default ${defaultUrl})` } },
  examples: [
    ['sonde metrics', 'all metrics'],
    ['sonde metrics fsync loss', 'those with fsync or loss in their name'],
    ["sonde metrics --json loss | jq '[.[].samples[].value] | add'", 'add up all that was lost'],
  ],
  async run({ args, options, output }) {
    const all = families(await scrape(String(options['url'] ?? defaultUrl)));
    const words = args.map((word) => word.replaceAll('.', '_').toLowerCase());
    const chosen = all.filter(
      ({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word)),
    );
    output.show(
      chosen.map(({ name, type, help, samples }) => ({ name, type, help, samples })),
      () => chosen.flatMap(({ lines }) => lines).join('\n'),
    );
  },
};

async function scrape(url: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(url, { headers: { Accept: 'text/plain;version=0.0.4' }, signal: AbortSignal.timeout(30_000) });
  } catch (cause) {
    const { message, cause: inner } = cause as Error;
    throw sondeError(
      'SONDE_METRICS_UNREACHABLE',
      { url, reason: inner instanceof Error ? inner.message : message },
      { cause },
    );
  }
  if (!answer.ok) throw sondeError('SONDE_HOST_ANSWER', { address: url, reason: `status ${answer.status}` });
  return answer.text();
}
