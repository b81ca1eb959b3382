// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApi } from '../../src/control/openapi.ts';
import { routes } from '../../src/control/routes.ts';
import { ControlRoom } from './control-room.ts';

interface Described {
  description?: string;
  $ref?: string;
  const?: unknown;
  properties?: Record<string, Described>;
}

interface Document {
  components: { schemas: Record<string, Described> };
  paths: Record<string, Record<string, { responses: Record<string, Described> }>>;
}

const committed = join(import.meta.dirname, '../../../../docs/reference/openapi.json');

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(openApi(routes, '1.2.3')))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('is committed as it is', async () => {
  const document = JSON.parse(await readFile(committed, 'utf8'));
  expect(openApi(routes, document.info.version)).toEqual(document);
});

it('is served by the host', async () => {
  const room = await ControlRoom.open();
  try {
    const { status, body } = await room.overSocket('GET', '/openapi.json');
    expect([status, body]).toEqual([200, openApi(routes, '1.2.3')]);
  } finally {
    await room.close();
  }
});

it('explains every route, field and error that it names', () => {
  const { components, paths } = openApi(routes, '1.2.3') as unknown as Document;
  for (const [name, schema] of Object.entries(components.schemas)) {
    expect(schema.description, name).toBeTruthy();
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      expect(property.description ?? property.$ref ?? property.const, `${name}.${key}`).toBeTruthy();
    }
  }
  for (const { responses } of Object.values(paths).flatMap((path) => Object.values(path))) {
    for (const response of Object.values(responses)) expect(response.description).toBeTruthy();
  }
});
