// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '@sonde/kit';
import type { ControlOptions } from './types.ts';

/** A request that was let through: its route exists, its query and body are as the route declares them. */
export interface ControlRequest {
  /** Parts of the path, by the name in the route. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: unknown;
}

export interface Reply {
  status: number;
  body?: unknown;
  /** Answers by itself, for as long as the client stays. */
  stream?(response: ServerResponse): void;
}

/** One method of one path: what OpenAPI says of it, and what it does. */
export interface Route {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** `{name}` stands for one part of the path. */
  path: string;
  /** `operationId` of OpenAPI. */
  id: string;
  summary: string;
  description?: string;
  /** Query parameters and what they mean; each may be given several times. */
  query?: Record<string, string>;
  body?: BodySchema;
  /** Schema of the answer by status; null for none. */
  replies: Record<number, string | null>;
  /** Media type of the answer; `application/json` if absent. */
  produces?: string;
  /** Beyond those that any request can meet. */
  errors: readonly ErrorCode[];
  handle(control: ControlOptions, request: ControlRequest): Promise<Reply> | Reply;
}

export type BodySchema = 'ProbeChange' | 'TargetRules' | 'ValidateRequest';
