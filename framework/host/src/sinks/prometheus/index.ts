// SPDX-License-Identifier: Apache-2.0
export type { Token } from './admission.ts';
export { createPrometheusSink, type PrometheusSinkOptions } from './sink.ts';
