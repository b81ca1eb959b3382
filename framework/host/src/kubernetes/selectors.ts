// SPDX-License-Identifier: Apache-2.0
import type { Containers } from '../containers/types.ts';
import { anyKeyed, anyPattern } from '../labels/text-matchers.ts';
import type { CgroupSelectorKind } from '../targets/types.ts';
import type { HostKubernetes, PodView } from './host-kubernetes.ts';

/** The selectors that look at a process's pod. */
export function podSelectors(containers: Pick<Containers, 'at'>, kubernetes: Pick<HostKubernetes, 'podOf'>): CgroupSelectorKind[] {
  const select = (name: string, compile: (values: readonly unknown[]) => (pod: PodView) => boolean) => ({
    name,
    compile(values: readonly unknown[]) {
      const matches = compile(values);
      return (path: string) => {
        const container = containers.at(path);
        const pod = container && kubernetes.podOf(container);
        return pod !== undefined && matches(pod);
      };
    },
  });
  const byText = (read: (pod: PodView) => string) => (values: readonly unknown[]) => {
    const matches = anyPattern(values);
    return (pod: PodView) => matches(read(pod));
  };
  return [
    select('podNamespace', byText(({ namespace }) => namespace)),
    select('podName', byText(({ name }) => name)),
    select('podLabel', (values) => {
      const matches = anyKeyed(values);
      return ({ labels }) => matches(labels);
    }),
  ];
}
