// SPDX-License-Identifier: Apache-2.0
/**
 * What a push by OTLP costs the host: CPU of the whole process, how long its event loop stalls, peak memory. The other
 * end
 * takes whatever comes and runs in a process of its own on the same cores. CPU and stalls are of the pushing process;
 * all
 * values change before each push.
 *
 *   npm run bench -- otlp [series]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, printTable } from './lib/table.ts';
import type { Witnessed } from './lib/stalls.ts';

const SERIES = Number(process.argv[2] ?? 100_000);
const ROUNDS = 5;

export interface Case {
  kind: 'counters' | 'histograms' | 'events';
  /** Of the sink, beside its defaults. */
  config: { protocol?: 'http' | 'grpc'; compression?: 'gzip' | 'none'; temporality?: 'cumulative' | 'delta' };
  /** Series, or events. */
  size: number;
  processes: number;
  rounds: number;
}

export interface CaseResult {
  /** Delivered in one round. */
  records: number;
  rounds: Witnessed[];
  /** Peak, MB. */
  rss: number;
}

const counters = { kind: 'counters', size: SERIES, rounds: ROUNDS } as const;
const CASES: [string, Case][] = [
  ['counters, 1,000 processes, HTTP', { ...counters, processes: 1000, config: {} }],
  ['  not compressed', { ...counters, processes: 1000, config: { compression: 'none' } }],
  ['  gRPC', { ...counters, processes: 1000, config: { protocol: 'grpc' } }],
  ['  delta', { ...counters, processes: 1000, config: { temporality: 'delta' } }],
  [`counters, ${SERIES / 10} processes, HTTP`, { ...counters, processes: SERIES / 10, config: {} }],
  [
    'histograms, 1,000 processes, HTTP',
    { kind: 'histograms', size: SERIES / 10, processes: 1000, config: {}, rounds: ROUNDS },
  ],
  ['events, 100 processes, HTTP', { kind: 'events', size: SERIES, processes: 100, config: {}, rounds: ROUNDS }],
  ['  gRPC', { kind: 'events', size: SERIES, processes: 100, config: { protocol: 'grpc' }, rounds: ROUNDS }],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

async function main(): Promise<void> {
  const receiver = fork(fileURLToPath(new URL('./otlp/receiver.ts', import.meta.url)));
  const [targets] = (await once(receiver, 'message')) as [Record<'http' | 'grpc', string>];
  const rows = [
    ['', 'records', 'CPU ms', 'µs/record', 'records/s', 'stall ms', 'busy ms', 'sent MB', 'requests', 'peak MB'],
  ];
  for (const [name, each] of CASES)
    rows.push(await measure(receiver, name, each, targets[each.config.protocol ?? 'http']));
  receiver.disconnect();
  console.log(`\nOne push of everything, median (worst) of ${ROUNDS}\n`);
  printTable(rows);
}

async function measure(receiver: ChildProcess, name: string, each: Case, target: string): Promise<string[]> {
  const pusher = fork(fileURLToPath(new URL('./otlp/pusher.ts', import.meta.url)), [
    JSON.stringify({ ...each, target }),
  ]);
  const [{ records, rounds, rss }] = (await once(pusher, 'message')) as [CaseResult];
  receiver.send('count');
  const [sent] = (await once(receiver, 'message')) as [{ bytes: number; requests: number }];
  const of = (key: keyof Witnessed): number[] => rounds.map((round) => round[key]);
  const [cpu, wall] = [median(of('cpu')), median(of('wall'))];
  const withWorst = (values: number[]): string => `${median(values).toFixed(1)} (${Math.max(...values).toFixed(1)})`;
  return [
    name,
    String(records),
    cpu.toFixed(0),
    ((cpu * 1000) / records).toFixed(1),
    String(Math.round((records / wall) * 1000)),
    withWorst(of('stall')),
    withWorst(of('busy')),
    (sent.bytes / (rounds.length + 1) / 1e6).toFixed(1),
    String(Math.round(sent.requests / (rounds.length + 1))),
    rss.toFixed(0),
  ];
}
