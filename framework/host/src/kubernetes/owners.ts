// SPDX-License-Identifier: Apache-2.0
import type { ApiClient } from './api-client.ts';
import type { OwnerReference } from './types.ts';

/** A controller's kind, its attribute, and where its own owner is looked up. */
const KINDS: Readonly<Record<string, { attribute: string; path?: string }>> = {
  Deployment: { attribute: 'k8s.deployment.name' },
  ReplicaSet: { attribute: 'k8s.replicaset.name', path: '/apis/apps/v1/namespaces/{namespace}/replicasets/{name}' },
  StatefulSet: { attribute: 'k8s.statefulset.name' },
  DaemonSet: { attribute: 'k8s.daemonset.name' },
  Job: { attribute: 'k8s.job.name', path: '/apis/batch/v1/namespaces/{namespace}/jobs/{name}' },
  CronJob: { attribute: 'k8s.cronjob.name' },
};

/** Only an object's metadata: its spec may hold what is none of our business. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const PATIENCE = 10_000;
/** How long it is before a server that did not answer is asked again, ms. */
const AGAIN = 10_000;

type Lookup = OwnerReference | 'none' | { retryAt: number } | 'pending';

/** Who owns a pod's owner: the deployment of a replica set, the cron job of a job. Asked for once. */
export class Owners {
  readonly #client: ApiClient | undefined;
  readonly #learned: () => void;
  readonly #lookups = new Map<string, Lookup>();
  readonly #closing = new AbortController();

  /** @param learned told when an owner is known that was asked for before */
  constructor(client: ApiClient | undefined, learned: () => void) {
    this.#client = client;
    this.#learned = learned;
  }

  /** Attribute and name of each controller above the pod, as far as they are known now. */
  *attributes(namespace: string, owner: OwnerReference | undefined, podLabels: Readonly<Record<string, string>>): Iterable<[string, string]> {
    const kind = owner && KINDS[owner.kind];
    if (owner === undefined || kind === undefined) return;
    yield [kind.attribute, owner.name];
    if (kind.path === undefined) return;
    const above = ownerByLabels(owner, podLabels) ?? this.#above(namespace, owner, kind.path);
    const attribute = above && KINDS[above.kind]?.attribute;
    if (above !== undefined && attribute !== undefined) yield [attribute, above.name];
  }

  close(): void {
    this.#closing.abort();
  }

  #above(namespace: string, { kind, name }: OwnerReference, path: string): OwnerReference | undefined {
    const key = `${kind} ${namespace}/${name}`;
    const known = this.#lookups.get(key);
    if (known === undefined || (typeof known === 'object' && 'retryAt' in known && known.retryAt < performance.now())) {
      void this.#look(key, path.replace('{namespace}', namespace).replace('{name}', name));
    }
    return typeof known === 'object' && 'kind' in known ? known : undefined;
  }

  async #look(key: string, path: string): Promise<void> {
    if (this.#client === undefined) return;
    this.#lookups.set(key, 'pending');
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PATIENCE)]);
    type Answer = { metadata: { ownerReferences?: (OwnerReference & { controller?: boolean })[] } };
    try {
      const { metadata } = await this.#client.get<Answer>(path, signal, METADATA_ONLY);
      const above = metadata.ownerReferences?.find(({ controller }) => controller);
      this.#lookups.set(key, above ? { kind: above.kind, name: above.name } : 'none');
      if (above) this.#learned();
    } catch {
      this.#lookups.set(key, { retryAt: performance.now() + AGAIN });
    }
  }
}

/**
 * A deployment's replica set is called as the deployment, a dash, and the hash that its pods carry as a label. So nobody needs
 * to be asked.
 */
function ownerByLabels({ kind, name }: OwnerReference, labels: Readonly<Record<string, string>>): OwnerReference | undefined {
  const hash = labels['pod-template-hash'];
  if (kind !== 'ReplicaSet' || !hash || !name.endsWith(`-${hash}`)) return undefined;
  return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
}

/**
 * The controller of a pod by what controllers write on their pods, for those who know no more: the labels and the name.
 */
export function ownerByPod(podName: string, labels: Readonly<Record<string, string>>): OwnerReference | undefined {
  const hash = labels['pod-template-hash'];
  const withoutSuffix = podName.slice(0, podName.lastIndexOf('-'));
  if (hash && withoutSuffix.endsWith(`-${hash}`)) return { kind: 'ReplicaSet', name: withoutSuffix };
  const job = labels['batch.kubernetes.io/job-name'] ?? labels['job-name'];
  if (job) return { kind: 'Job', name: job };
  if (!labels['controller-revision-hash'] || withoutSuffix === '') return undefined;
  const isStateful = labels['statefulset.kubernetes.io/pod-name'] !== undefined;
  return { kind: isStateful ? 'StatefulSet' : 'DaemonSet', name: withoutSuffix };
}
