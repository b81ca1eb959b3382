// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from '@sonde/kit';
import type { FilledConfig } from './defaults.ts';
import type { ContainersConfig, KubernetesConfig } from './types.ts';

type Absolute = (path: string) => string;

export function resolveContainers({ runtimes, labels }: FilledConfig['containers'], absolute: Absolute): ContainersConfig {
  const resolved = runtimes?.map(({ type, socket }) => ({ type, socket: absolute(socket) }));
  return { labels, ...(resolved && { runtimes: resolved }) };
}

export function resolveKubernetes(filled: FilledConfig['kubernetes'], absolute: Absolute): KubernetesConfig {
  const { node, kubeconfig, kubelet, podLabels, podAnnotations } = filled;
  return {
    podLabels,
    podAnnotations,
    ...(node && { node }),
    ...(kubeconfig && { kubeconfig: absolute(kubeconfig) }),
    ...(kubelet && { kubelet: resolveKubelet(kubelet, absolute) }),
  };
}

type Kubelet = NonNullable<FilledConfig['kubernetes']['kubelet']>;

function resolveKubelet({ url, tokenFile, ca, insecure = false, interval = '5s' }: Kubelet, absolute: Absolute) {
  return {
    url,
    insecure,
    interval: parseDuration(interval)! / 1e6,
    ...(tokenFile && { tokenFile: absolute(tokenFile) }),
    ...(ca && { ca: absolute(ca) }),
  };
}
