// SPDX-License-Identifier: Apache-2.0
import type { Validator } from '../input/index.ts';
import type { Manifest } from './generated/types.ts';
import { schema, validate } from './generated/validate.ts';

/** Checks the shape of a manifest; what it names in other places is checked by `loadManifest` and `checkManifest`. */
export const manifestValidator: Validator<Manifest> = { schema, validate };
