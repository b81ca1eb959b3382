// SPDX-License-Identifier: Apache-2.0
import { nearest, quoteNames, sondeError } from '@sonde/kit';
import type { Route } from './route.ts';

/**
 * Finds the route of a request.
 * @throws SONDE_ROUTE_UNKNOWN, SONDE_METHOD_NOT_ALLOWED
 */
export function findRoute(routes: readonly Route[], method: string, path: string): { route: Route; params: Params } {
  const found = routes.flatMap((route) => {
    const params = match(route.path, path);
    return params ? [{ route, params }] : [];
  });
  if (found.length === 0) throw sondeError('SONDE_ROUTE_UNKNOWN', { path, nearest: nearestPaths(routes, path) });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const hit = found.find(({ route }) => route.method === wanted);
  if (hit) return hit;
  throw sondeError('SONDE_METHOD_NOT_ALLOWED', { path, method, allowed: methodsOf(routes, path).join(', ') });
}

/** The methods that a path takes. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const methods = routes.filter((route) => match(route.path, path)).map(({ method }) => method);
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

type Params = Record<string, string>;

function match(pattern: string, path: string): Params | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    const name = placeholder(part);
    if (name) params[name] = given[index]!;
    else if (part !== given[index]) return undefined;
  }
  return params;
}

function placeholder(part: string): string | undefined {
  return /^\{(\w+)\}$/.exec(part)?.[1];
}

/** Paths that were perhaps meant, with the parts of the request where the route leaves them open. */
function nearestPaths(routes: readonly Route[], path: string): string {
  const given = path.split('/');
  const candidates = routes.map(({ path: pattern }) =>
    pattern
      .split('/')
      .map((part, index) => (placeholder(part) ? (given[index] ?? part) : part))
      .join('/'),
  );
  return quoteNames(nearest(path, candidates));
}
