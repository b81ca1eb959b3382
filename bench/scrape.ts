// SPDX-License-Identifier: Apache-2.0
/**
 * What a scrape costs the host: the Prometheus sink beside the OpenTelemetry SDK's own exporter, on the same series.
 * CPU is of the whole serving process (its thread pool included), less what it takes when idle; a stall is the longest
 * time in which its event loop did nothing else; `busy` is how much of it was the thread's own work, not that of other
 * processes.
 *
 *   npm run bench -- scrape [series]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SERIES = Number(process.argv[2] ?? 100_000);
const ROUNDS = 7;
/** The store shares a snapshot for 1 s. */
const BETWEEN_MILLISECONDS = 1100;

const TEXT = 'text/plain;version=0.0.4';
const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

interface Case {
  name: string;
  target: 'own' | 'sdk';
  headers: Record<string, string>;
  readers?: number;
}

const CASES: Case[] = [
  { name: 'Sonde, text', target: 'own', headers: { accept: TEXT } },
  { name: 'Sonde, OpenMetrics', target: 'own', headers: { accept: 'application/openmetrics-text' } },
  { name: 'Sonde, protobuf', target: 'own', headers: { accept: PROTOBUF } },
  { name: 'Sonde, text, gzip', target: 'own', headers: { accept: TEXT, 'accept-encoding': 'gzip' } },
  { name: 'Sonde, text, zstd', target: 'own', headers: { accept: TEXT, 'accept-encoding': 'zstd' } },
  { name: 'Sonde, text, 4 readers at once', target: 'own', headers: { accept: TEXT }, readers: 4 },
  { name: 'OpenTelemetry SDK, text', target: 'sdk', headers: {} },
];

interface Figures {
  cpu: number;
  stall: number;
  busy: number;
  wall: number;
  bytes: number;
}

async function measure(server: ChildProcess, url: string, { headers, readers = 1 }: Case): Promise<Figures> {
  server.send('begin');
  await once(server, 'message');
  const began = performance.now();
  const sizes = await Promise.all(Array.from({ length: readers }, () => scrape(url, headers)));
  const wall = performance.now() - began;
  server.send('end');
  const [served] = (await once(server, 'message')) as [{ cpu: number; stall: number; busy: number }];
  return { ...served, wall, bytes: sizes[0]! };
}

function scrape(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

/** CPU that the serving process uses in the time around a scrape, without one. */
async function idleCpu(server: ChildProcess): Promise<number> {
  server.send('begin');
  await once(server, 'message');
  server.send('end');
  const [{ cpu }] = (await once(server, 'message')) as [{ cpu: number }];
  return cpu;
}

function over(rounds: Figures[], fold: (values: number[]) => number): Figures {
  const of = (key: keyof Figures): number => fold(rounds.map((round) => round[key]));
  return { cpu: of('cpu'), stall: of('stall'), busy: of('busy'), wall: of('wall'), bytes: of('bytes') };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function run(kind: string, title: string): Promise<void> {
  const server = fork(fileURLToPath(new URL('./scrape/server.ts', import.meta.url)), [String(SERIES), kind]);
  const [urls] = (await once(server, 'message')) as [Record<'own' | 'sdk', string>];
  const first = await measure(server, urls.own, CASES[0]!);
  const rows: { name: string; figures: Figures; worst: Figures }[] = [
    { name: 'first scrape: Sonde, text', figures: first, worst: first },
  ];
  const cases = kind === 'histograms' ? CASES.filter(({ target }) => target === 'own') : CASES;
  const idle = median([await idleCpu(server), await idleCpu(server), await idleCpu(server)]);
  for (const each of cases) {
    const rounds: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(BETWEEN_MILLISECONDS);
      const measured = await measure(server, urls[each.target], each);
      rounds.push({ ...measured, cpu: measured.cpu - idle });
    }
    rows.push({ name: each.name, figures: over(rounds, median), worst: over(rounds, (values) => Math.max(...values)) });
  }
  server.disconnect();

  console.log(`\n${title}; median (worst) of ${ROUNDS} rounds, all values changed before each\n`);
  console.log('                                 CPU ms  wall ms       stall ms        busy ms       bytes');
  for (const { name, figures, worst } of rows) console.log(line(name, figures, worst));
  if (kind !== 'counters') return;
  const [own, sdk] = [rows[1]!.figures, rows.at(-1)!.figures];
  const ratio = (key: keyof Figures): string => (sdk[key] / own[key]).toFixed(1);
  console.log(`\nSDK ÷ Sonde: CPU ${ratio('cpu')}, stall ${ratio('stall')}, busy ${ratio('busy')}`);
}

function line(name: string, { cpu, wall, stall, busy, bytes }: Figures, worst: Figures): string {
  const withWorst = (usual: number, most: number): string =>
    usual.toFixed(1).padStart(6) + `(${most.toFixed(1)})`.padStart(8);
  const columns = [
    name.padEnd(31),
    cpu.toFixed(0).padStart(8),
    wall.toFixed(0).padStart(9),
    withWorst(stall, worst.stall).padStart(15),
    withWorst(busy, worst.busy).padStart(15),
    String(bytes).padStart(12),
  ];
  return columns.join('');
}

await run('counters', `${SERIES} counters (10 metrics, 5 labels)`);
await run(
  'histograms',
  `${Math.floor(SERIES / 30)} histograms (about ${SERIES} lines of text; native ones in protobuf)`,
);
