// SPDX-License-Identifier: Apache-2.0
// docs/reference/manifest.md: one section for each kind of object in the manifest's JSON Schema.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { anchor, code, page, table } from './markdown.mjs';

const source = 'framework/kit/probe.schema.json';

const introduction = `\`probe.yaml\` says what a probe is. \`sonde-probe check\` reads it as the host does and names every problem with
its place. Editors complete and check it with the schema that the kit ships:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/@sonde/kit/probe.schema.json
\`\`\`

Keys in **bold** are required; any other key is an error.`;

export async function manifestReference(root) {
  const schema = JSON.parse(await readFile(path.join(root, source), 'utf8'));
  const objects = Object.values(schema.definitions).filter(({ type }) => type === 'object');
  const sections = [schema, ...objects].map((definition) => section(definition, schema));
  return {
    file: 'docs/reference/manifest.md',
    text: page('The manifest, probe.yaml', source, introduction, ...sections),
  };
}

function section({ title, description, properties, required = [], additionalProperties }, schema) {
  const heading = `## ${title}\n\n${description}`;
  if (!properties) return `${heading}\n\nBy name: ${describeType(additionalProperties, schema)}.`;
  const rows = Object.entries(properties).map(([key, property]) => [
    required.includes(key) ? `**${code(key)}**` : code(key),
    describeType(property, schema),
    describe(property, schema),
  ]);
  return `${heading}\n\n${table(['Key', 'Type', 'Meaning'], rows)}`;
}

function describeType(property, schema) {
  const { type, $ref, oneOf, allOf, items, additionalProperties, enum: values } = property;
  if ($ref) return referenceType(resolve($ref, schema), schema);
  if (allOf) return describeType(allOf[0], schema);
  if (oneOf) return oneOf.map((option) => describeType(option, schema)).join(' or ');
  if ('const' in property) return code(String(property.const));
  if (values) return values.map(code).join(', ');
  if (type === 'array') return `list of ${describeType(items, schema)}`;
  if (type === 'object') return `by name: ${describeType(additionalProperties, schema)}`;
  return [type].flat().join(' or ');
}

/** Objects have a section of their own; the rest is told in place. */
function referenceType(definition, schema) {
  return definition.type === 'object'
    ? `[${definition.title}](#${anchor(definition.title)})`
    : describeType(definition, schema);
}

function describe(property, schema) {
  const { description, $ref, minimum, maximum } = property;
  const text = description ?? ($ref ? resolve($ref, schema).description : '');
  const range = [minimum === undefined ? '' : `at least ${minimum}`, maximum === undefined ? '' : `at most ${maximum}`];
  return [text, range.filter(Boolean).join(', ')].filter(Boolean).join(' Number: ');
}

function resolve(reference, schema) {
  return schema.definitions[reference.split('/').at(-1)];
}
