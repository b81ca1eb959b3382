// SPDX-License-Identifier: Apache-2.0
import { errorTable, type ErrorCode, type ErrorEntry } from '@sonde/kit';
import configSchema from '../config/sonde.schema.json' with { type: 'json' };
import apiSchema from './api.schema.json' with { type: 'json' };
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Any request over TCP can meet these; the unix socket has no token. */
const commonErrors: ErrorCode[] = ['SONDE_TOKEN_MISSING', 'SONDE_TOKEN_WRONG', 'SONDE_HOST_FOREIGN', 'SONDE_INTERNAL'];
const bodyErrors: ErrorCode[] = [
  'SONDE_INPUT_SYNTAX',
  'SONDE_INPUT_INVALID',
  'SONDE_INPUT_UNKNOWN_KEY',
  'SONDE_INPUT_TYPE',
  'SONDE_INPUT_VALUE',
  'SONDE_BODY_TYPE',
  'SONDE_BODY_TOO_LARGE',
];

/** The OpenAPI 3.1 document of the API: paths from the routes, components from the schemas that validate. */
export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sonde control API',
      version,
      description:
        'Controls the probes of one Sonde host. The same API is on the unix socket, where no token is needed. ' +
        'Errors are problem details (RFC 9457) with a `code` of the error table, the `place` and a `hint`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:9465' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'The token in /run/sonde/token.' } },
    },
  };
}

function operation(route: Route): Json {
  const { id, summary, description, body, query, path } = route;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: reference('ProbeName'),
    })),
    ...Object.entries(query ?? {}).map(([name, meaning]) => ({
      name,
      in: 'query',
      description: meaning,
      schema: { type: 'array', items: { type: 'string' } },
    })),
  ];
  return {
    operationId: id,
    summary,
    ...(description && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: content('application/json', body) } }),
    responses: { ...replies(route), ...problems(route) },
  };
}

function replies({ replies, produces = 'application/json' }: Route): Json {
  const described = Object.entries(replies).map(([status, schema]) => [
    status,
    schema === null
      ? { description: 'Done.' }
      : { description: meaning(schema), content: content(produces, schema) },
  ]);
  return Object.fromEntries(described);
}

function meaning(schema: string): string {
  return (apiSchema.$defs as Record<string, { description: string }>)[schema]!.description;
}

/** The errors of a route, those of one status together. */
function problems({ errors, body, query, replies }: Route): Json {
  const query400: ErrorCode[] = query ? ['SONDE_QUERY_UNKNOWN'] : [];
  const codes = [...errors, ...query400, ...(body ? bodyErrors : []), ...commonErrors];
  const byStatus: Record<string, ErrorCode[]> = {};
  for (const code of codes) (byStatus[errorTable[code].status] ??= []).push(code);
  const described = Object.entries(byStatus)
    .filter(([status]) => !(status in replies))
    .map(([status, same]) => [
      status,
      { description: listed(same), content: content('application/problem+json', 'Problem') },
    ]);
  return Object.fromEntries(described);
}

function listed(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `\`${code}\`: ${(errorTable[code] as ErrorEntry).title}`).join('\n\n');
}

function content(type: string, schema: string): Json {
  return { [type]: { schema: reference(schema) } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** All definitions of the API, and those of sonde.yaml that they refer to. */
function components(): Json {
  const api = rewritten(apiSchema.$defs) as Json;
  const config = rewritten(configSchema.$defs) as Json;
  const schemas: Json = { ...api };
  for (let missing = missingFrom(schemas); missing.length > 0; missing = missingFrom(schemas)) {
    for (const name of missing) schemas[name] = config[name];
  }
  return schemas;
}

function missingFrom(schemas: Json): string[] {
  const named = JSON.stringify(schemas).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  return [...new Set([...named].map(([, name]) => name!))].filter((name) => !(name in schemas));
}

function rewritten(definitions: object): unknown {
  return JSON.parse(JSON.stringify(definitions).replaceAll(/"[^"]*#\/\$defs\/(\w+)"/g, '"#/components/schemas/$1"'));
}
