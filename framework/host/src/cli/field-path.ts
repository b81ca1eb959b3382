// SPDX-License-Identifier: Apache-2.0
import { usageError } from './arguments.ts';

/**
 * Takes a field as people write it apart: `params.slow` is `['params', 'slow']`, `enabled` is `['enabled']`.
 * @throws SONDE_USAGE
 */
export function fieldPath(field: string, command: string): [group: string, name?: string] {
  const [, group, name] = /^(collectors|params)\.(.+)$/.exec(field) ?? [];
  if (group !== undefined && name !== undefined) return [group, name];
  if (['enabled', 'targets'].includes(field)) return [field];
  throw usageError(`'${field}' is no field: there are enabled, collectors.<name>, params.<name> and targets`, command);
}
