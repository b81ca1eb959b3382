// SPDX-License-Identifier: Apache-2.0
import { request, type IncomingMessage } from 'node:http';
import { errorTable, SondeError, sondeError, type ErrorCode } from '@sonde/kit';
import type { Problem } from '../control/problem.ts';

/** Milliseconds after which a host that says nothing counts as gone. Loading a large probe takes seconds. */
const answerTimeout = 60_000;

/** Speaks REST to a host over its unix socket. */
export class HostClient {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /**
   * Sends a request and gives the body of the answer, undefined if it has none.
   * @throws SONDE_HOST_UNREACHABLE, SONDE_HOST_ANSWER, and the error that the host answers with
   */
  async send<Answer>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const { statusCode = 0, text } = await this.#exchange(method, path, body);
    const answer = this.#parse(text);
    if (statusCode < 400 || path === '/readyz') return answer as Answer;
    throw errorOf(answer as Problem, this.socket);
  }

  /**
   * Follows server-sent events until the host ends them or `stop` fires.
   * @throws as `send`
   */
  async *follow(path: string, stop: AbortSignal): AsyncGenerator<{ type: string; data: string }> {
    const answer = await this.#open(path, stop);
    if ((answer.statusCode ?? 0) >= 400) throw errorOf(this.#parse(await readText(answer)) as Problem, this.socket);
    try {
      yield* serverSentEvents(answer);
    } catch (cause) {
      if (!stop.aborted) throw this.#unreachable(cause as Error);
    }
  }

  #open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socket, path, signal }, resolve);
      sent.on('error', (cause) => reject(this.#unreachable(cause)));
      sent.end();
    });
  }

  #unreachable(cause: Error): SondeError {
    return sondeError('SONDE_HOST_UNREACHABLE', { socket: this.socket, reason: reasonOf(cause) }, { cause });
  }

  #exchange(method: string, path: string, body: unknown): Promise<{ statusCode?: number; text: string }> {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => reject(this.#unreachable(cause));
      const sent = request({ socketPath: this.socket, method, path, headers, timeout: answerTimeout }, (answer) => {
        readText(answer).then((text) => resolve({ statusCode: answer.statusCode ?? 0, text }), fail);
      });
      sent.on('timeout', () => sent.destroy(new Error('it does not answer')));
      sent.on('error', fail);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #parse(text: string): unknown {
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw sondeError('SONDE_HOST_ANSWER', { address: this.socket, reason: 'it is not JSON' }, { cause });
    }
  }
}

function errorOf(problem: Problem | undefined, address: string): SondeError {
  if (!problem || !(problem.code in errorTable)) {
    return sondeError('SONDE_HOST_ANSWER', { address, reason: problem?.detail ?? 'an error without a code' });
  }
  const problems = (problem.problems ?? []).map((single) => rebuilt(single.message, single));
  return rebuilt(problem.detail, problem, problems);
}

function rebuilt(
  message: string,
  { code, place, hint }: { code: string; place?: string; hint?: string },
  problems: SondeError[] = [],
): SondeError {
  return new SondeError(code as ErrorCode, message, hint ?? '', { ...(place && { place: { file: place } }), problems });
}

/** The parts of a `text/event-stream` that have data. */
async function* serverSentEvents(answer: IncomingMessage): AsyncGenerator<{ type: string; data: string }> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer as AsyncIterable<string>) {
    const parts = (text + chunk).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^\w*: ?/, '')]));
      const data = fields.get('data');
      if (data !== undefined) yield { type: fields.get('event') ?? 'message', data };
    }
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer as AsyncIterable<string>) text += chunk;
  return text;
}

function reasonOf(cause: Error): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such socket';
  if (code === 'ECONNREFUSED') return 'the host that made it has ended';
  if (code === 'EACCES') return 'you may not open it';
  return cause.message;
}

/** Path of a probe in the API. */
export function probePath(name: string): string {
  return `/v1/probes/${encodeURIComponent(name)}`;
}
