// SPDX-License-Identifier: Apache-2.0
import { sondeError, type Place, type SondeError } from '../errors/index.ts';
import { isWithinBranch, chooseBranch, type Schema } from './branches.ts';
import { nearest, quoteNames } from './nearest.ts';
import { pointer } from './pointer.ts';

/** A function that ajv compiled from a JSON Schema with `allErrors` and `verbose`, and that schema. */
export interface Validator<Value> {
  schema: Schema;
  validate: ((value: unknown) => boolean) & { errors?: Violation[] | null };
  /** Only carries the type of what passes. */
  readonly accepts?: Value;
}

/** What ajv says of one violated rule. */
export interface Violation {
  keyword: string;
  /** JSON pointer of the value. */
  instancePath: string;
  schemaPath: string;
  params: Record<string, unknown>;
  message?: string;
  /** Set if the rule is about the name of a key of the value. */
  propertyName?: string;
  data?: unknown;
  parentSchema?: Schema;
}

/** Nobody reads more, and to find the place of each takes the length of the input. */
export const MOST_PROBLEMS = 100;

/** Finds the place of a part of the input, given its JSON pointer. */
export type Locate = (pointer: string, part?: 'key' | 'value') => Place;

/**
 * Checks a value against a validator and says all that is wrong, up to 100 problems, in the order of the input.
 * @param locate where the parts stand in the user's input; by default their JSON pointers
 * @returns SONDE_INPUT_UNKNOWN_KEY, _MISSING_KEY, _TYPE and _VALUE; empty if the value is good
 */
export function validateValue<Value>(
  value: unknown,
  { schema, validate }: Validator<Value>,
  locate: Locate = (at) => ({ pointer: at }),
): SondeError[] {
  if (validate(value)) return [];
  return relevant(validate.errors ?? [], schema)
    .slice(0, MOST_PROBLEMS)
    .map((violation) => explain(violation, locate))
    .sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0));
}

/** Leaves out what only repeats or wraps another violation: of alternatives, the one that was meant is explained. */
function relevant(violations: readonly Violation[], root: Schema): Violation[] {
  let kept: Violation[] = [];
  for (const violation of violations) {
    if (violation.keyword === 'oneOf' || violation.keyword === 'anyOf') {
      const branches = violation.parentSchema?.[violation.keyword] ?? [];
      const { branch, instead } = chooseBranch(branches, violation, root);
      kept = kept.filter(
        (other) => isOutside(other, violation) || (branch && isWithinBranch(other, branch, violation)),
      );
      kept.push(...instead);
    } else if (violation.keyword !== 'propertyNames' && violation.keyword !== 'if') kept.push(violation);
  }
  return kept.filter((violation) => !isMisspelt(violation, kept));
}

/** Whether a key is missing only because it is misspelt, which is told as an unknown key. */
function isMisspelt({ keyword, instancePath, params }: Violation, all: readonly Violation[]): boolean {
  if (keyword !== 'required') return false;
  const unknown = all.filter(
    (other) => other.keyword === 'additionalProperties' && other.instancePath === instancePath,
  );
  return unknown.some(
    (other) => nearest(String(other.params['additionalProperty']), [String(params['missingProperty'])]).length > 0,
  );
}

function isOutside(other: Violation, violation: Violation): boolean {
  return other.instancePath !== violation.instancePath && !other.instancePath.startsWith(`${violation.instancePath}/`);
}

function explain(violation: Violation, locate: Locate): SondeError {
  const { keyword, instancePath: at, params, propertyName } = violation;
  const schema: Schema = violation.parentSchema ?? {};
  const meaning = schema.description;
  if (propertyName !== undefined) {
    const values = { found: `the name '${propertyName}'`, rule: rule(violation), meaning };
    return sondeError('SONDE_INPUT_VALUE', values, { place: locate(at + pointer(propertyName), 'key') });
  }
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys(schema.properties ?? {});
      const values = { key, nearest: quoteNames(nearest(key, known)), known: quoteNames(known, 'and') };
      return sondeError('SONDE_INPUT_UNKNOWN_KEY', values, { place: locate(at + pointer(key), 'key') });
    }
    case 'required': {
      const key = String(params['missingProperty']);
      const values = { key, meaning: schema.properties?.[key]?.description };
      return sondeError('SONDE_INPUT_MISSING_KEY', values, { place: locate(at) });
    }
    case 'type': {
      const expected = [params['type']].flat().map(String).map(typeName).join(' or ');
      return sondeError(
        'SONDE_INPUT_TYPE',
        { expected, found: shown(violation), meaning },
        { place: locate(at, 'value') },
      );
    }
    default: {
      const near = typeof violation.data === 'string' ? nearest(violation.data, schema.enum ?? []) : [];
      const values = { found: shown(violation), rule: rule(violation), nearest: quoteNames(near), meaning };
      return sondeError('SONDE_INPUT_VALUE', values, { place: locate(at, 'value') });
    }
  }
}

function rule({ keyword, params, message }: Violation): string {
  if (keyword === 'enum') return `it must be ${quoteNames((params['allowedValues'] as unknown[]).map(String))}`;
  if (keyword === 'const') return `it must be ${JSON.stringify(params['allowedValue'])}`;
  if (keyword === 'pattern')
    return params['pattern'] === '\\S' ? 'it is empty' : `it must match ${String(params['pattern'])}`;
  return `it ${message ?? 'is wrong'}`;
}

function typeName(type: string): string {
  return { object: 'a mapping', array: 'a list', integer: 'an integer', null: 'nothing' }[type] ?? `a ${type}`;
}

/** Secrets are shown to nobody: errors go to logs and to REST. */
function shown({ data, parentSchema }: Violation): string {
  return parentSchema?.writeOnly ? 'what stands here' : describe(data);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? `'${value}'` : `${typeof value} ${JSON.stringify(value)}`;
}
