// SPDX-License-Identifier: Apache-2.0
import { formatPlace, type ErrorEntry, type Place } from './entry.ts';
import { errorTable } from './table.ts';

export type ErrorCode = keyof typeof errorTable;

type Placeholders<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type Value = string | number | undefined;

/** The values that the templates of a code want: those of the message must be given, those of the hint may be. */
export type ErrorValues<Code extends ErrorCode> = Record<Placeholders<(typeof errorTable)[Code]['message']>, Value> &
  Partial<Record<Placeholders<(typeof errorTable)[Code]['hint']>, Value>>;

export interface ErrorOptions {
  place?: Place;
  cause?: unknown;
  /** The single problems, when this error stands for several. */
  problems?: readonly SondeError[];
}

/** An error with a code of the table, the place in the user's input, and what to do about it. */
export class SondeError extends Error {
  override readonly name = 'SondeError';
  readonly code: ErrorCode;
  readonly place?: Place;
  readonly hint?: string;
  /** Empty unless this error stands for several. */
  readonly problems: readonly SondeError[];

  constructor(code: ErrorCode, message: string, hint: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.place) this.place = options.place;
    if (hint) this.hint = hint;
    this.problems = options.problems ?? [];
  }

  /** The row of the table: HTTP status, exit code, title, doc. */
  get entry(): ErrorEntry {
    return errorTable[this.code];
  }

  /** The same error at a place. */
  at(place: Place): SondeError {
    return new SondeError(this.code, this.message, this.hint ?? '', {
      place,
      cause: this.cause,
      problems: this.problems,
    });
  }

  /** For people: `place: message [CODE]` and the hint on a line of its own; for several problems, each of them. */
  format(): string {
    if (this.problems.length > 0) return this.problems.map((problem) => problem.format()).join('\n');
    const place = this.place ? `${formatPlace(this.place)}: ` : '';
    const hint = this.hint ? `\n    ${this.hint}` : '';
    return `${place}${this.message} [${this.code}]${hint}`;
  }

  toJSON(): object {
    const { code, message, place, hint, problems } = this;
    return { code, message, ...(place && { place }), ...(hint && { hint }), ...(problems.length > 0 && { problems }) };
  }
}

/** Builds the error of a code from its templates in the table. */
export function sondeError<Code extends ErrorCode>(
  code: Code,
  values: ErrorValues<Code>,
  options: ErrorOptions = {},
): SondeError {
  const entry: ErrorEntry = errorTable[code];
  return new SondeError(code, fill(entry.message, values), fillHint(entry.hint, values), options);
}

/** One error for a list of problems: the problem itself if it is the only one. The list must not be empty. */
export function joinErrors(problems: readonly SondeError[], file: string): SondeError {
  const [first] = problems;
  if (first && problems.length === 1) return first;
  return sondeError('SONDE_INPUT_INVALID', { count: problems.length, file }, { place: { file }, problems });
}

/** What was thrown, as a SondeError: itself, or SONDE_INTERNAL with the rest as its cause. */
export function asSondeError(thrown: unknown): SondeError {
  if (thrown instanceof SondeError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return sondeError('SONDE_INTERNAL', { reason }, { cause: thrown });
}

type Values = Record<string, Value>;

const placeholder = /\{(\w+)\}/g;

function fill(template: string, values: Values): string {
  return template.replace(placeholder, (_, name: string) => String(values[name] ?? ''));
}

function fillHint(template: string, values: Values): string {
  const isFilled = (sentence: string): boolean =>
    [...sentence.matchAll(placeholder)].every(([, name]) => (values[name ?? ''] ?? '') !== '');
  const sentences = template.split(/(?<=[.?!])\s+/);
  return sentences
    .filter(isFilled)
    .map((sentence) => fill(sentence, values))
    .join(' ');
}
