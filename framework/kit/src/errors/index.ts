// SPDX-License-Identifier: Apache-2.0
export { formatPlace, type ErrorEntry, type Place } from './entry.ts';
export {
  asSondeError,
  joinErrors,
  SondeError,
  sondeError,
  type ErrorCode,
  type ErrorOptions,
  type ErrorValues,
} from './sonde-error.ts';
export { errorTable } from './table.ts';
