// SPDX-License-Identifier: Apache-2.0
import { redact, type DecoderContext, type Emit, type RecordBatch } from '@sonde/kit/decoder';
import { parseHttpHead, redactQuery, type HttpHead } from './http-head.ts';
import { spanReader } from './span-record.ts';

/** `enum http1_method` of protocols/http1/requests.h. */
const METHODS = ['_OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** Makes spans of the records `struct http1_span`. */
export function httpSpans(context: DecoderContext): (batch: RecordBatch, emit: Emit) => void {
  const record = context.layout('http1_span');
  const readSpan = spanReader(context, 'http1_span');
  const route = record.text('route.text');
  const number = (path: string) => record.number(path);
  const [method, status, error] = [number('method'), number('status'), number('error')];
  const [requestBody, responseBody] = [number('request_body'), number('response_body')];
  const showPayload = context.params.capturePayload === true;

  return (batch, emit) => {
    const { view, offset } = batch;
    const { role, head, timing, attributes } = readSpan(batch, emit);
    const request = parseHttpHead(head);
    const name = METHODS[method(view, offset)] ?? METHODS[0]!;
    const template = route(view, offset);
    const failure = error(view, offset);
    emit.span(`http.${role}`, {
      ...timing,
      name: [name === '_OTHER' ? 'HTTP' : name, template].join(' ').trim(),
      ...(request.parent && { parent: request.parent }),
      ...(failure > 0 && { error: String(failure) }),
      attributes: {
        ...attributes,
        'http.request.method': name,
        'http.response.status_code': status(view, offset),
        [role === 'server' ? 'http.route' : 'url.template']: template || undefined,
        'url.scheme': 'http',
        'network.protocol.name': 'http',
        'http.request.body.size': requestBody(view, offset),
        'http.response.body.size': responseBody(view, offset),
        'error.type': failure > 0 ? String(failure) : undefined,
        ...ofHead(request, showPayload),
      },
    });
  };
}

function ofHead({ version, path, query, host, port, userAgent }: HttpHead, showPayload: boolean) {
  return {
    ...(version !== undefined && { 'network.protocol.version': version }),
    ...(path !== undefined && { 'url.path': redact(path) }),
    ...(host !== undefined && { 'server.address': host }),
    ...(port !== undefined && { 'server.port': port }),
    ...(showPayload && query !== undefined && { 'url.query': redactQuery(query) }),
    ...(showPayload && userAgent !== undefined && { 'user_agent.original': redact(userAgent) }),
  };
}
