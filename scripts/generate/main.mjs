// SPDX-License-Identifier: Apache-2.0
// Writes every generated file of the repository; with --check, compares instead and fails with what differs.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { commandsHeader } from '../../probes/l7/protocols/redis/generate-commands.mjs';
import { configurationReference } from './configuration-reference.mjs';
import { errorReference } from './error-reference.mjs';
import { manifestReference } from './manifest-reference.mjs';
import { metricReference } from './metric-reference.mjs';
import { openApiFile } from './openapi.mjs';
import { schemaFiles, validatorsFile } from './schemas.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const schemas = [
  { schema: 'framework/kit/probe.schema.json', into: 'framework/kit/src/manifest/generated' },
  { schema: 'framework/host/src/config/sonde.schema.json', into: 'framework/host/src/config/generated' },
];
const requestBodies = {
  schema: 'framework/host/src/control/api.schema.json',
  refersTo: ['framework/host/src/config/sonde.schema.json'],
  validators: {
    validateProbeChange: '#/$defs/ProbeChange',
    validateTargetRules: '#/$defs/TargetRules',
    validateValidateRequest: '#/$defs/ValidateRequest',
  },
  into: 'framework/host/src/control/generated',
};

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const files = (await Promise.all(schemas.map((source) => schemaFiles(root, source)))).flat();
files.push(await validatorsFile(root, requestBodies));
files.push(await openApiFile(root), commandsHeader);
files.push(await configurationReference(root), errorReference(), await manifestReference(root), await metricReference(root));
for (const { file, text } of files) await (options.check ? check(file, text) : write(file, text));

async function write(file, text) {
  const target = path.join(root, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
}

async function check(file, text) {
  const current = await readFile(path.join(root, file), 'utf8').catch(() => '');
  if (current === text) return;
  process.exitCode = 1;
  console.error(`${file} differs from what \`npm run generate\` writes.`);
}
