// SPDX-License-Identifier: Apache-2.0
import { MASK, redact, type TraceContext } from '@sonde/kit/decoder';
import { parseTraceparent } from './traceparent.ts';

/** What a span tells of the head of an HTTP/1 request. What was cut off, or is not well-formed, is absent. */
export interface HttpHead {
  /** `1.1` or `1.0`. */
  readonly version?: string;
  readonly path?: string;
  /** As it was sent, without the `?`. */
  readonly query?: string;
  readonly host?: string;
  readonly port?: number;
  readonly userAgent?: string;
  readonly parent?: TraceContext;
}

const REQUEST_LINE = /^[A-Z]+ ([^\s]+) HTTP\/(1\.[01])$/;
/** `http://user:secret@host:80` in front of the path, as a proxy gets it. */
const ORIGIN = /^https?:\/\/[^/?#]*/i;
const HOST = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i;
const FIELD = /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*?)[ \t]*$/;
/** Parameters of a query whose values are secrets, beside those that `redact` knows by their names. */
const SECRET_PARAMETER = /^(?:sig|signature|x-(?:amz|goog)-signature|awsaccesskeyid|auth|authorization|code|jwt|key|session(?:_?id)?|sid)$/i;

/**
 * Reads the head of a request, of which the end may be missing: only lines that are whole are looked at.
 * @param text a character for each byte
 */
export function parseHttpHead(text: string): HttpHead {
  const lines = text.split('\n');
  const end = lines.findIndex((line, i) => i > 0 && (line === '' || line === '\r'));
  // what is behind the last line break is no whole line
  const whole = lines.slice(0, end === -1 ? -1 : end).map((line) => line.replace(/\r$/, ''));
  const [, target, version] = REQUEST_LINE.exec(whole[0] ?? '') ?? [];
  if (target === undefined || version === undefined) return {};
  return { version, ...partsOf(target), ...fieldsOf(whole.slice(1)) };
}

/** A query with the values of its parameters replaced that are, or look like, secrets. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((parameter) => {
      const [name = ''] = parameter.split('=', 1);
      const value = decoded(parameter.slice(name.length + 1));
      const isSecret = SECRET_PARAMETER.test(decoded(name)) || redact(`${decoded(name)}=${value}`) !== `${decoded(name)}=${value}`;
      return isSecret || redact(value) !== value ? `${name}=${MASK}` : parameter;
    })
    .join('&');
}

function partsOf(target: string): Pick<HttpHead, 'path' | 'query'> {
  const local = target.replace(ORIGIN, '');
  const isPath = local.startsWith('/') || local === '*' || (local === '' || local.startsWith('?')) && local !== target;
  if (!isPath) return {};
  const [path, query] = split(local.split('#', 1)[0]!, '?');
  return { path: path || '/', ...(query !== undefined && { query }) };
}

/** Of the fields of a head: the first line is that of the first field. */
function fieldsOf(lines: readonly string[]): Pick<HttpHead, 'host' | 'port' | 'userAgent' | 'parent'> {
  const fields = new Map<string, string[]>();
  lines.forEach((line, i) => {
    const [, name, value] = FIELD.exec(line) ?? [];
    // a field that goes on in the next line (obs-fold) is not read
    if (name === undefined || value === undefined || /^[ \t]/.test(lines[i + 1] ?? '')) return;
    fields.set(name.toLowerCase(), [...(fields.get(name.toLowerCase()) ?? []), value]);
  });
  const [, host, port] = HOST.exec(fields.get('host')?.[0] ?? '') ?? [];
  const userAgent = fields.get('user-agent')?.[0];
  const traceparents = fields.get('traceparent') ?? [];
  const parent = traceparents.length === 1 ? parseTraceparent(traceparents[0]!) : undefined;
  return {
    ...(host !== undefined && { host: host.replace(/^\[|\]$/g, '') }),
    ...(port !== undefined && { port: Number(port) }),
    ...(userAgent && { userAgent }),
    ...(parent && { parent }),
  };
}

function split(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
