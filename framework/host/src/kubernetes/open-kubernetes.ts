// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { sondeError } from '@sonde/kit';
import type { KubernetesConfig } from '../config/types.ts';
import type { Containers } from '../containers/types.ts';
import type { Identity } from '../identity/types.ts';
import { inClusterAccess, kubeconfigAccess, SERVICE_ACCOUNT } from './access.ts';
import { HostKubernetes, type KubernetesOptions } from './host-kubernetes.ts';
import type { Access } from './types.ts';

/**
 * Learns of pods from the best that can be reached: the API server (by kubeconfig, or by the service account of the pod that
 * this host runs in), else the kubelet, else nobody but the container runtime. Returns at once; what does not answer is asked
 * again.
 *
 * @throws SONDE_KUBECONFIG, SONDE_FILE_UNREADABLE
 */
export function openKubernetes(identity: Identity, containers: Containers, config: KubernetesConfig): HostKubernetes {
  const { podLabels, podAnnotations, kubeconfig, kubelet } = config;
  const asksKubelet = kubelet !== undefined && kubeconfig === undefined;
  const api = kubeconfig !== undefined ? kubeconfigAccess(kubeconfig) : asksKubelet ? undefined : inClusterAccess();
  const isKnownToBeNode = api !== undefined || asksKubelet || process.env['NODE_NAME'] !== undefined;
  const node = config.node ?? (isKnownToBeNode ? (process.env['NODE_NAME'] ?? hostname().toLowerCase()) : undefined);
  const options: KubernetesOptions = {
    podLabels,
    podAnnotations,
    ...(node && { node }),
    ...(api && { api }),
    ...(asksKubelet && { kubelet: kubeletAccess(kubelet), kubeletInterval: kubelet.interval }),
  };
  return new HostKubernetes(identity, containers, options);
}

function kubeletAccess({ url, tokenFile, ca, insecure }: NonNullable<KubernetesConfig['kubelet']>): Access {
  const usualToken = `${SERVICE_ACCOUNT}/token`;
  const token = tokenFile ?? (existsSync(usualToken) ? usualToken : undefined);
  return { server: url, insecure, ...(token && { tokenFile: token }), ...(ca && { ca: read(ca) }) };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw sondeError('SONDE_FILE_UNREADABLE', { file, reason: (cause as Error).message }, { cause });
  }
}
