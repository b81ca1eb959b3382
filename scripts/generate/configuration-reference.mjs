// SPDX-License-Identifier: Apache-2.0
// docs/reference/configuration.md: every key of sonde.yaml, from the schema that checks it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { anchor, code, page, table } from './markdown.mjs';

const source = 'framework/host/src/config/sonde.schema.json';

const introduction = `[Configuration](../configuration.md) explains how the file is read. Keys in **bold** are required; any other key is
an error.`;

export async function configurationReference(root) {
  const schema = JSON.parse(await readFile(path.join(root, source), 'utf8'));
  const objects = Object.entries(schema.$defs).filter(([, { properties }]) => properties);
  const sections = [['sonde.yaml', schema], ...objects].map(([name, object]) => section(name, object, schema));
  return {
    file: 'docs/reference/configuration.md',
    text: page('The configuration, sonde.yaml', source, introduction, ...sections),
  };
}

function section(name, object, schema) {
  const rows = keys(object, '', schema);
  return `## ${name}\n\n${object.description}\n\n${table(['Key', 'Type', 'Default', 'Meaning'], rows)}`;
}

/** The keys of an object, and with dots those of the objects that are written inside of it. */
function keys({ properties, required = [] }, prefix, schema) {
  return Object.entries(properties).flatMap(([key, property]) => {
    if (property.properties && !property.additionalProperties) return keys(property, `${prefix}${key}.`, schema);
    const name = code(prefix + key);
    const { description, default: initial } = { ...resolved(property, schema), ...property };
    return [[required.includes(key) ? `**${name}**` : name, type(property, schema), written(initial), description]];
  });
}

function type(property, schema) {
  const name = property.$ref?.split('/').at(-1);
  const { type: kind, const: only, items, properties, additionalProperties, enum: values } = resolved(property, schema);
  if (name && properties) return `[${name}](#${anchor(name)})`;
  if (only !== undefined) return code(only);
  if (values) return values.map(code).join(', ');
  if (name === 'Duration') return 'duration';
  if (kind === 'array') return `list of ${type(items, schema)}`;
  if (properties) return [...Object.values(properties).map((one) => type(one, schema)), 'any by `type`'].join(' or ');
  if (kind === 'object') return `by name: ${type(additionalProperties, schema)}`;
  return [kind].flat().join(' or ');
}

function written(value) {
  if (value === undefined) return '';
  return code(typeof value === 'object' ? JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ') : String(value));
}

function resolved(property, schema) {
  return property.$ref ? schema.$defs[property.$ref.split('/').at(-1)] : property;
}
