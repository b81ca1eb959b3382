// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Child, run } from '../../test/harness/child.ts';
import { findTool } from '../../test/harness/tools.ts';
import { waitFor } from '../../test/harness/wait.ts';

export interface Driven {
  operations: number;
  /** Operations a second. */
  rate: number;
}

/** A server on one CPU and what loads it from the other. */
export interface Load extends AsyncDisposable {
  name: string;
  /** Loads it for about so many seconds. */
  drive(seconds: number): Promise<Driven>;
  /** CPU time that the server has used, ns. */
  serverCpu(): number;
}

const SERVER_CPU = '0';
const LOADER_CPU = '1';
const NGINX_PORT = 18080;
const REDIS_PORT = 16379;
const IPERF_PORT = 15201;

/** All loads, started. */
export async function startLoads(folder: string): Promise<Load[]> {
  const nginx = await startNginx(folder);
  return [
    { ...nginx, name: 'wrk on nginx, 1 KB, keep-alive', drive: (seconds) => wrk(seconds, []) },
    {
      ...nginx,
      name: 'wrk on nginx, 1 KB, a connection per request',
      drive: (seconds) => wrk(seconds, ['-H', 'Connection: close']),
      [Symbol.asyncDispose]: async () => {},
    },
    await startRedis(),
    await startIperf(),
  ];
}

const pinned = (cpu: string, command: string, ...args: string[]): Child =>
  new Child('taskset', ['-c', cpu, findTool(command), ...args]);
const load = (command: string, ...args: string[]): Promise<string> =>
  run('taskset', ['-c', LOADER_CPU, findTool(command), ...args]);

async function startNginx(folder: string): Promise<Load> {
  mkdirSync(join(folder, 'www'), { recursive: true });
  writeFileSync(join(folder, 'www/1k'), 'x'.repeat(1024));
  writeFileSync(
    join(folder, 'nginx.conf'),
    `user root; daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
     events { worker_connections 4096; }
     http {
       access_log off; keepalive_requests 1000000000;
       server { listen 127.0.0.1:${NGINX_PORT} backlog=4096; root ${folder}/www; }
     }`,
  );
  const server = pinned(SERVER_CPU, 'nginx', '-c', join(folder, 'nginx.conf'));
  await listening(NGINX_PORT);
  return serverLoad('nginx', server, (seconds) => wrk(seconds, []));
}

async function wrk(seconds: number, args: string[]): Promise<Driven> {
  const url = `http://127.0.0.1:${NGINX_PORT}/1k`;
  const said = await load('wrk', '-t1', '-c50', `-d${seconds}s`, ...args, url);
  const number = (pattern: RegExp): number => Number(pattern.exec(said)?.[1]);
  return { operations: number(/(\d+) requests in/), rate: number(/Requests\/sec:\s+([\d.]+)/) };
}

async function startRedis(): Promise<Load> {
  // redis-tools has the server's binary under another name
  const server = pinned(SERVER_CPU, 'bash', '-c', `exec -a redis-server redis-check-rdb --port ${REDIS_PORT} --save ''`);
  const benchmark = (requests: number): Promise<string> =>
    load('redis-benchmark', '-p', `${REDIS_PORT}`, '-c', '50', '-t', 'set', '-n', `${requests}`, '--csv');
  const rate = (said: string): number => Number(/"SET","([\d.]+)"/.exec(said)?.[1]);
  await listening(REDIS_PORT);
  const likely = rate(await benchmark(20_000));
  return serverLoad('redis-benchmark -c 50, SET', server, async (seconds) => {
    const operations = Math.round(likely * seconds);
    return { operations, rate: rate(await benchmark(operations)) };
  });
}

async function startIperf(): Promise<Load> {
  const server = pinned(SERVER_CPU, 'iperf3', '-s', '-p', `${IPERF_PORT}`, '-B', '127.0.0.1');
  await listening(IPERF_PORT);
  return serverLoad('iperf3, one stream, KB', server, async (seconds) => {
    const said = JSON.parse(
      await load('iperf3', '-c', '127.0.0.1', '-p', `${IPERF_PORT}`, '-t', `${seconds}`, '-J'),
    ) as {
      end: { sum_received: { bytes: number; seconds: number } };
    };
    const { bytes, seconds: took } = said.end.sum_received;
    return { operations: bytes / 1024, rate: bytes / 1024 / took };
  });
}

/** A loader that is too early may try for ever. */
async function listening(port: number): Promise<void> {
  await waitFor(
    `port ${port}`,
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
      }),
  );
}

function serverLoad(name: string, server: Child, drive: Load['drive']): Load {
  return {
    name,
    drive,
    serverCpu: () => [server.pid, ...childrenOf(server.pid)].reduce((sum, pid) => sum + cpuOf(pid), 0),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
}

/** CPU time of all threads of a process, ns. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
    0,
  );
}
