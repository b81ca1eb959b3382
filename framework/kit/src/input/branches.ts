// SPDX-License-Identifier: Apache-2.0
import type { Violation } from './validate.ts';

/** As much of a JSON Schema as errors are explained with. */
export interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  /** A secret. */
  writeOnly?: boolean;
  [keyword: string]: unknown;
}

/** One alternative of a `oneOf` or `anyOf`: its schema, and how the paths of its rules begin. */
export interface Branch {
  schema: Schema;
  prefix: string;
  others: string[];
}

/**
 * Which alternative somebody meant: of those with the right type, the one that knows most of the keys.
 * @returns the branch, or what to say instead if none can be told from the others
 */
export function chooseBranch(
  alternatives: readonly Schema[],
  violation: Violation,
  root: Schema,
): { branch?: Branch; instead: Violation[] } {
  const { data } = violation;
  const schemas = alternatives.map((alternative) => dereference(alternative, root));
  const prefixes = alternatives.map(({ $ref }, index) => `${$ref ?? `${violation.schemaPath}/${index}`}/`);
  const fitting = schemas.filter(({ type }) => type === undefined || [type].flat().some((name) => hasType(data, name)));

  if (fitting.length === 0) {
    const type = schemas.flatMap((schema) => schema.type ?? []);
    return { instead: [{ ...violation, keyword: 'type', params: { type: [...new Set(type)] } }] };
  }
  const keys = isObject(data) ? Object.keys(data) : [];
  const scores = fitting.map(({ properties = {} }) => keys.filter((key) => key in properties).length);
  const best = Math.max(...scores);
  if (fitting.length > 1 && best === 0) return { instead: undecided(keys, fitting, violation) };

  const schema = fitting[scores.indexOf(best)]!;
  const prefix = prefixes[schemas.indexOf(schema)]!;
  return { branch: { schema, prefix, others: prefixes.filter((other) => other !== prefix) }, instead: [] };
}

/** Whether a violation inside of the alternatives belongs to the chosen one. */
export function isWithinBranch(violation: Violation, { prefix, others }: Branch, parent: Violation): boolean {
  if (violation.schemaPath.startsWith(prefix)) return true;
  const isDeeper = violation.instancePath !== parent.instancePath;
  return isDeeper && !others.some((other) => violation.schemaPath.startsWith(other));
}

/** None of the keys says which alternative is meant: the first keys of all of them are what there could be. */
function undecided(keys: readonly string[], schemas: readonly Schema[], violation: Violation): Violation[] {
  const leading = schemas.map((schema) => schema.required?.[0] ?? Object.keys(schema.properties ?? {})[0] ?? '');
  const properties = Object.fromEntries(leading.map((key, i) => [key, schemas[i]!.properties?.[key] ?? {}]));
  const parentSchema: Schema = { properties };
  if (keys.length === 0) {
    const missingProperty = leading.join("' or '");
    return [{ ...violation, keyword: 'required', params: { missingProperty }, parentSchema }];
  }
  return keys.map((key) => ({
    ...violation,
    keyword: 'additionalProperties',
    params: { additionalProperty: key },
    parentSchema,
  }));
}

function dereference(schema: Schema, root: Schema): Schema {
  if (!schema.$ref) return schema;
  const keys = schema.$ref.split('/').slice(1);
  return keys.reduce<Schema>((found, key) => (found[key] as Schema | undefined) ?? {}, root);
}

function isObject(data: unknown): data is object {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function hasType(data: unknown, type: string): boolean {
  if (type === 'object') return isObject(data);
  if (type === 'array') return Array.isArray(data);
  if (type === 'null') return data === null;
  return typeof data === (type === 'integer' ? 'number' : type);
}
