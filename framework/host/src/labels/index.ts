// SPDX-License-Identifier: Apache-2.0
export { openSurroundings, type Surroundings } from './surroundings.ts';
