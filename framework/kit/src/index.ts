// SPDX-License-Identifier: Apache-2.0
export * from './errors/index.ts';
export * from './input/index.ts';
export * from './layout/index.ts';
export * from './manifest/index.ts';
