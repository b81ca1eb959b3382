// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document, from the table of routes that the host answers from. Needs the kit to be built.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** @param {string} root */
export async function openApiFile(root) {
  const host = path.join(root, 'framework/host');
  const control = pathToFileURL(path.join(host, 'src/control/')).href;
  const { openApi } = await import(`${control}openapi.ts`);
  const { routes } = await import(`${control}routes.ts`);
  const { version } = JSON.parse(await readFile(path.join(host, 'package.json'), 'utf8'));
  return { file: 'docs/reference/openapi.json', text: `${JSON.stringify(openApi(routes, version), null, 2)}\n` };
}
