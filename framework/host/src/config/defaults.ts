// SPDX-License-Identifier: Apache-2.0
import schema from './sonde.schema.json' with { type: 'json' };
import type { SondeConfig } from './types.ts';

interface Schema {
  default?: unknown;
  properties?: Record<string, Schema>;
}

/** The keys of `Type` filled in as far as its schema has defaults for them. */
type Filled<Type, Keys extends keyof Type> = Type & Required<Pick<Type, Keys>>;
type Section<Key extends keyof SondeConfig> = NonNullable<SondeConfig[Key]>;

/** `sonde.yaml` with the defaults of its schema. */
export type FilledConfig = Omit<Required<SondeConfig>, 'targets'> & {
  targets?: SondeConfig['targets'];
  containers: Filled<Section<'containers'>, 'labels'>;
  kubernetes: Filled<Section<'kubernetes'>, 'podLabels' | 'podAnnotations'>;
  series: Required<Section<'series'>>;
  control: Filled<Section<'control'>, 'socket' | 'group' | 'listen' | 'tokenFile'>;
};

const definitions: Record<string, Schema> = schema.$defs as Record<string, Schema>;

/** Fills in the defaults that the schema declares, in all sections except the entries of `probes` and `sinks`. */
export function withDefaults(config: SondeConfig): FilledConfig {
  return fill(config, schema as Schema) as FilledConfig;
}

/** Fills in the defaults of one definition of the schema, such as `PrometheusSink`. */
export function withDefaultsOf<Type>(definition: string, value: Type): Type {
  return fill(value, definitions[definition]!) as Type;
}

/** What a schema refers to is left as it is: those parts may be absent. */
function fill(value: unknown, { properties, default: initial }: Schema): unknown {
  if (value === undefined && initial !== undefined) return structuredClone(initial);
  if (!properties) return value;
  const given = (value ?? {}) as Record<string, unknown>;
  const filled = Object.entries(properties).map(([key, property]) => [key, fill(given[key], property)] as const);
  const present = Object.fromEntries(filled.filter(([, member]) => member !== undefined));
  return { ...given, ...present };
}
