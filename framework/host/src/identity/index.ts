// SPDX-License-Identifier: Apache-2.0
export { observeIdentity } from './instruments.ts';
export { openIdentity, type IdentityOptions } from './open-identity.ts';
export type * from './types.ts';
