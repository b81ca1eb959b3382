// SPDX-License-Identifier: Apache-2.0
export { createPrometheusSink, type PrometheusSinkOptions } from './sink.ts';
