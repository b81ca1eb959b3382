// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { imageFacts } from '../../src/containers/image-name.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['nginx', { name: 'nginx' }],
  ['nginx:1.27', { name: 'nginx', tag: '1.27' }],
  ['registry:5000/team/app', { name: 'registry:5000/team/app' }],
  ['registry:5000/team/app:v2', { name: 'registry:5000/team/app', tag: 'v2' }],
  [`quay.io/app:v2@${digest}`, { name: 'quay.io/app', tag: 'v2' }],
  [`quay.io/app@${digest}`, { name: 'quay.io/app' }],
  [digest, {}],
  ['0123456789ab', {}],
  ['', {}],
])('the reference %s is taken apart', (reference, expected) => {
  expect(imageFacts(reference)).toEqual(expected);
  expect(imageFacts(reference, digest)).toEqual({ ...expected, id: digest });
});
