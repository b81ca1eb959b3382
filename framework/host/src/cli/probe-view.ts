// SPDX-License-Identifier: Apache-2.0
import type { ProbeStatus } from '../probes/types.ts';

/** Colour of a state: green is as it should be. */
export function stateStyle({ state }: ProbeStatus): 'green' | 'red' | 'yellow' | 'dim' {
  if (state === 'running') return 'green';
  if (state === 'failed') return 'red';
  return state === 'stopped' ? 'dim' : 'yellow';
}

/** Where it came from whether the probe runs. */
export function originOf({ origins }: ProbeStatus): string {
  return origins['/enabled'] ?? 'default';
}

/** `3/4`: programs attached, of those that were asked for. */
export function attachedOf({ programs }: ProbeStatus): string {
  return `${programs.filter(({ state }) => state === 'attached').length}/${programs.length}`;
}

/** All that was lost, whatever the cause. */
export function lossOf({ loss }: ProbeStatus): number {
  return loss.reduce((sum, { count }) => sum + count, 0);
}

/** One line on a probe after it was changed. */
export function outcome(probe: ProbeStatus): string {
  const { name, state, error } = probe;
  if (error && state === 'failed')
    return `${name}: ${state}: ${error.message} [${error.code}]${error.hint ? `\n    ${error.hint}` : ''}`;
  if (state === 'stopped') return `${name}: ${state}`;
  return `${name}: ${state}, ${attachedOf(probe)} programs attached${error ? `; ${error.message}` : ''}`;
}

/** Commands that change a probe fail if it failed. */
export function exitOf(probes: readonly ProbeStatus[]): number {
  return probes.some(({ state }) => state === 'failed') ? 1 : 0;
}
