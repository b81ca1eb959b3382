// SPDX-License-Identifier: Apache-2.0
import type { Config } from '../config/types.ts';

/** Globs for the keys of foreign labels that become attributes of processes. */
export interface ChosenKeys {
  containerLabels: string[];
  podLabels: string[];
  podAnnotations: string[];
}

/**
 * What a configuration wants of the labels that containers and pods have: the globs that it gives, and what a list of labels or
 * a rule names in full.
 */
export function chosenKeys(config: Config): ChosenKeys {
  const named = new Set([
    ...config.labels,
    ...Object.values(config.probes).flatMap(({ labels = [] }) => labels),
    ...Object.values(config.sinkLabels).flatMap((labels) => (labels === 'all' ? [] : labels)),
    ...config.relabel.flatMap(({ from }) => from),
  ]);
  const after = (prefix: string) => [...named].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    containerLabels: [...config.containers.labels, ...after('container.label.')],
    podLabels: [...config.kubernetes.podLabels, ...after('k8s.pod.label.')],
    podAnnotations: [...config.kubernetes.podAnnotations, ...after('k8s.pod.annotation.')],
  };
}
