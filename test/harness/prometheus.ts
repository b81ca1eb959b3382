// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import { freePorts } from './host.ts';
import { ask } from './http.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait.ts';

export interface QueryResult {
  metric: Record<string, string>;
  value: [number, string];
}

/** A real Prometheus that scrapes one address every second. */
export interface Prometheus extends AsyncDisposable {
  /** An instant query. */
  query(expression: string): Promise<QueryResult[]>;
  /** The health of its only target: `up`, `down` or `unknown`, and the last error. */
  target(): Promise<{ health: string; lastError: string }>;
}

/** Starts Debian's Prometheus on a free port, with native histograms negotiated where it may. */
export async function startPrometheus(address: string): Promise<Prometheus> {
  const folder = temporaryFolder();
  const [port] = await freePorts(2);
  const scrape = { job_name: 'sonde', scrape_interval: '1s', scrape_timeout: '1s', static_configs: [{ targets: [address] }] };
  writeFileSync(join(folder.path, 'prometheus.yml'), JSON.stringify({ scrape_configs: [scrape] }));
  const server = new Child(findTool('prometheus'), [
    `--config.file=${join(folder.path, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=native-histograms',
  ]);
  const api = async (path: string): Promise<unknown> => {
    const answer = await ask({ host: '127.0.0.1', port }, path);
    const body = JSON.parse(answer.bytes.toString()) as { status: string; data: unknown };
    if (body.status !== 'success') throw new Error(answer.bytes.toString());
    return body.data;
  };
  const target = async (): Promise<{ health: string; lastError: string }> => {
    const { activeTargets } = (await api('/api/v1/targets')) as { activeTargets: { health: string; lastError: string }[] };
    return activeTargets[0] ?? { health: 'unknown', lastError: '' };
  };
  const stop = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  try {
    await waitFor('Prometheus has scraped', async () => {
      if (server.ended) return true;
      return (await target()).health !== 'unknown';
    }, { timeout: 30_000, every: 100 });
    if (server.ended) throw new Error(`Prometheus ended:\n${server.stderr}`);
  } catch (error) {
    await stop();
    throw error;
  }
  const query = async (expression: string): Promise<QueryResult[]> =>
    ((await api(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as { result: QueryResult[] }).result;
  return { query, target, [Symbol.asyncDispose]: stop };
}

/** What `promtool check metrics` has against a scrape in text 0.0.4; empty if nothing. */
export async function promtoolCheck(text: string): Promise<string> {
  using folder = temporaryFolder();
  const file = join(folder.path, 'metrics.txt');
  writeFileSync(file, text);
  const check = new Child('/bin/sh', ['-c', 'exec "$0" check metrics <"$1"', findTool('promtool'), file]);
  const code = await check.exited;
  const said = check.stdout + check.stderr;
  return code === 0 ? said : `exit ${code}\n${said}`;
}
