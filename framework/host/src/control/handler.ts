// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asSondeError, nearest, quoteNames, sondeError, type SondeError } from '@sonde/kit';
import { problemOf } from './problem.ts';
import { readBody } from './request-body.ts';
import type { Reply, Route } from './route.ts';
import { findRoute, methodsOf } from './router.ts';
import { routes } from './routes.ts';
import type { ControlOptions } from './types.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Answers requests from the route table. `refuse` says why a request may not pass. */
export function handlerFor(control: ControlOptions, refuse: (request: IncomingMessage) => SondeError | undefined): Handler {
  return async (request, response) => {
    const target = request.url ?? '/';
    const url = URL.parse(target, 'http://localhost');
    try {
      const refused = refuse(request);
      if (refused) throw refused;
      if (!url) throw sondeError('SONDE_ROUTE_UNKNOWN', { path: target, nearest: '' });
      const { pathname, searchParams } = url;
      const { route, params } = findRoute(routes, request.method ?? 'GET', pathname);
      checkQuery(route, searchParams);
      const body = route.body && (await readBody(request, route.body));
      send(response, await route.handle(control, { params, query: searchParams, body }));
    } catch (thrown) {
      sendProblem(response, asSondeError(thrown), url?.pathname ?? target);
    }
  };
}

function checkQuery({ path, query = {} }: Route, given: URLSearchParams): void {
  for (const name of given.keys()) {
    if (name in query) continue;
    throw sondeError('SONDE_QUERY_UNKNOWN', { path, name, nearest: quoteNames(nearest(name, Object.keys(query))) });
  }
}

function send(response: ServerResponse, { status, body, stream }: Reply): void {
  if (stream) stream(response);
  else if (body === undefined) response.writeHead(status).end();
  else sendJson(response, status, 'application/json', body);
}

function sendProblem(response: ServerResponse, error: SondeError, path: string): void {
  const problem = problemOf(error);
  if (error.code === 'SONDE_METHOD_NOT_ALLOWED') response.setHeader('Allow', methodsOf(routes, path).join(', '));
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="sonde"');
  // What is left of a body that nobody wants would be taken for the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  sendJson(response, problem.status, 'application/problem+json', problem);
}

function sendJson(response: ServerResponse, status: number, type: string, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
