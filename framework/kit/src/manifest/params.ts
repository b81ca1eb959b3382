// SPDX-License-Identifier: Apache-2.0
import { sondeError, type Place, type SondeError } from '../errors/index.ts';
import { nearest, pointer, quoteNames } from '../input/index.ts';
import type { Manifest, Param } from './generated/types.ts';
import { parseBytes, parseDuration } from './units.ts';

/** A param as the host and decoders use it: durations in nanoseconds, sizes in bytes, an enum by its name. */
export type ParamValue = boolean | number | string;

/** What a user writes for a param: `1ms`, `64KiB`, `true`, `12`. */
export type ParamInput = boolean | number | string;

export interface ResolvedParams {
  /** One for each param of the manifest; the default where nothing, or nothing good, was given. */
  values: Record<string, ParamValue>;
  /** SONDE_PARAM_UNKNOWN and SONDE_PARAM_VALUE. */
  problems: SondeError[];
}

/**
 * The values of a probe's params.
 * @param given what the user set
 * @param locate where a param that was given stands in the user's input
 */
export function resolveParams(
  manifest: Manifest,
  given: Readonly<Record<string, ParamInput>> = {},
  locate: (param: string) => Place = (param) => ({ pointer: pointer('params', param) }),
): ResolvedParams {
  const params = manifest.params ?? {};
  const values: Record<string, ParamValue> = {};
  const problems: SondeError[] = [];
  for (const [name, param] of Object.entries(params)) {
    values[name] = paramValue(param, param.default).value ?? param.default;
    const input = given[name];
    if (input === undefined) continue;
    const { value, rule } = paramValue(param, input);
    if (value !== undefined) values[name] = value;
    else problems.push(valueError(manifest, name, input, rule, locate(name)));
  }
  for (const name of Object.keys(given).filter((given) => !(given in params))) {
    problems.push(unknownError(manifest, name, locate(name)));
  }
  return { values, problems };
}

/** What an input means for a param; with no value, the rule that it breaks. */
export function paramValue(param: Param, input: ParamInput): { value?: ParamValue; rule: string } {
  const value = parse(param, input);
  const rule = rules[param.type](param);
  if (value === undefined) return { rule };
  if (typeof value !== 'number') return { value, rule };
  if (value < bound(param, param.minimum, -Infinity)) return { rule: `it must be at least ${param.minimum}` };
  if (value > bound(param, param.maximum, Infinity)) return { rule: `it must be at most ${param.maximum}` };
  return { value, rule };
}

const rules: Record<Param['type'], (param: Param) => string> = {
  boolean: () => 'it must be true or false',
  integer: () => 'it must be an integer',
  number: () => 'it must be a number',
  string: () => 'it must be text',
  duration: () => 'it must be a duration such as 1ms or 5s',
  bytes: () => 'it must be a size such as 64KiB',
  enum: ({ values }) => `it must be ${quoteNames(values ?? [])}`,
};

function parse(param: Param, input: ParamInput): ParamValue | undefined {
  return parsers[param.type](input, param);
}

const parsers: Record<Param['type'], (input: ParamInput, param: Param) => ParamValue | undefined> = {
  boolean: (input) => (typeof input === 'boolean' ? input : undefined),
  integer: (input) => (Number.isSafeInteger(input) ? input : undefined),
  number: (input) => (Number.isFinite(input) ? input : undefined),
  string: (input) => (typeof input === 'string' ? input : undefined),
  duration: (input) => parseDuration(String(input)),
  bytes: (input) => parseBytes(String(input)),
  enum: (input, { values }) => values?.find((value) => value === input),
};

function bound(param: Param, input: ParamInput | undefined, otherwise: number): number {
  const value = input === undefined ? undefined : parse(param, input);
  return typeof value === 'number' ? value : otherwise;
}

function valueError(
  { name: probe, params }: Manifest,
  name: string,
  input: ParamInput,
  rule: string,
  place: Place,
): SondeError {
  return sondeError(
    'SONDE_PARAM_VALUE',
    { probe, name, input: String(input), rule, meaning: params?.[name]?.description },
    { place },
  );
}

function unknownError({ name: probe, params = {} }: Manifest, name: string, place: Place): SondeError {
  const names = Object.keys(params);
  const values = { probe, name, nearest: quoteNames(nearest(name, names)), known: quoteNames(names, 'and') };
  return sondeError('SONDE_PARAM_UNKNOWN', values, { place });
}
