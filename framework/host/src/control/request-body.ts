// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { joinErrors, sondeError, validateValue, type Validator } from '@sonde/kit';
import schema from './api.schema.json' with { type: 'json' };
import { validateProbeChange, validateTargetRules, validateValidateRequest } from './generated/validate.ts';
import type { BodySchema } from './route.ts';

/** Bytes that a body may have. */
const bodyLimit = 1024 * 1024;

const validators: Record<BodySchema, Validator<unknown>> = {
  ProbeChange: { schema, validate: validateProbeChange },
  TargetRules: { schema, validate: validateTargetRules },
  ValidateRequest: { schema, validate: validateValidateRequest },
};

/**
 * Reads the JSON body of a request and checks it against its schema.
 * @throws SONDE_BODY_TYPE, SONDE_BODY_TOO_LARGE, SONDE_INPUT_SYNTAX, and what `validateValue` finds
 */
export async function readBody(request: IncomingMessage, name: BodySchema): Promise<unknown> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw sondeError('SONDE_BODY_TYPE', { found: type });
  const body = parse(await readText(request));
  const problems = validateValue(body, validators[name]);
  if (problems.length > 0) throw joinErrors(problems, 'the body');
  return body;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // The stream stays open when we stop reading, for the answer goes over the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyLimit) throw sondeError('SONDE_BODY_TOO_LARGE', { limit: bodyLimit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw sondeError('SONDE_INPUT_SYNTAX', { reason: (cause as Error).message }, { cause });
  }
}
