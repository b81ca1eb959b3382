// SPDX-License-Identifier: Apache-2.0
export { nearest, quoteNames } from './nearest.ts';
export { pointer, pointerKeys } from './pointer.ts';
export { validateValue, type Locate, type Validator } from './validate.ts';
export { validateYaml, type YamlSource } from './yaml.ts';
