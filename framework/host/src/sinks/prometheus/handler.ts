// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { sondeError, type SondeError } from '@sonde/kit';
import { type GuardOptions, refusal } from '../../control/guard.ts';
import { chooseEncoding, chooseFormat, type Encoding } from './negotiate.ts';
import { page } from './page.ts';
import type { Scrape, Scraper } from './scraper.ts';

export const METRICS_PATH = '/metrics';

/** A snapshot that takes longer is not waited for, so that the answer comes before Prometheus gives up (10 s). */
const PATIENCE_MILLISECONDS = 5000;
/** What a client has not read by then it will not read. */
const SCRAPE_MILLISECONDS = 60_000;
const MOST_SCRAPES = 16;

/** Answers `/metrics` and `/`. */
export function handlerFor(scraper: Scraper, admission: GuardOptions): RequestListener {
  let scrapes = 0;
  return (request, response) => {
    const target = request.url ?? '/';
    const path = URL.parse(target, 'http://host')?.pathname ?? target;
    const problem = pathProblem(path) ?? methodProblem(request, path) ?? refusal(request, admission);
    if (problem) return refuse(response, problem);
    if (path === '/')
      return answer(request, response, 200, 'text/html; charset=utf-8', page(METRICS_PATH, scraper.problems));
    if (scrapes >= MOST_SCRAPES) return answer(request, response, 503, PLAIN, 'too many scrapes at once\n');
    scrapes++;
    void scrape(scraper, request, response).finally(() => scrapes--);
  };
}

async function scrape(scraper: Scraper, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const format = chooseFormat(request.headers.accept);
  const encoding = chooseEncoding(request.headers['accept-encoding']);
  response.setHeader('Content-Type', scraper.contentType(format));
  response.setHeader('Vary', 'Accept, Accept-Encoding');
  response.setHeader('Cache-Control', 'no-store');
  if (encoding !== 'identity') response.setHeader('Content-Encoding', encoding);
  if (request.method === 'HEAD') return void response.end();
  await send(await scraper.scrape(format, PATIENCE_MILLISECONDS), response, compressor(encoding));
}

async function send({ chunks, recycle }: Scrape, response: ServerResponse, compress?: Transform): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(SCRAPE_MILLISECONDS)]);
  compress?.pipe(response);
  const target = compress ?? response;
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      const mayGoOn = target.write(chunk, () => recycle(chunk));
      if (!mayGoOn) await once(target, 'drain', { signal });
    }
    target.end();
  } catch {
    // The client is gone or too slow, so there is nobody to tell.
    compress?.destroy();
    response.destroy();
  }
}

/** Compression runs in the thread pool; level 1, since a scrape is read once. */
function compressor(encoding: Encoding): Transform | undefined {
  if (encoding === 'gzip') return createGzip({ level: 1 });
  if (encoding === 'zstd') return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return undefined;
}

const PLAIN = 'text/plain; charset=utf-8';
const METHODS = 'GET, HEAD';

function pathProblem(path: string): SondeError | undefined {
  if (path === METRICS_PATH || path === '/') return undefined;
  return sondeError('SONDE_ROUTE_UNKNOWN', { path, nearest: METRICS_PATH });
}

function methodProblem({ method = '' }: IncomingMessage, path: string): SondeError | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  return sondeError('SONDE_METHOD_NOT_ALLOWED', { path, method, allowed: METHODS });
}

function refuse(response: ServerResponse, problem: SondeError): void {
  const { status } = problem.entry;
  if (status === 405) response.setHeader('Allow', METHODS);
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  response.writeHead(status, { 'Content-Type': PLAIN }).end(`${problem.format()}\n`);
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
