// SPDX-License-Identifier: Apache-2.0
import type { Container, Containers } from '../containers/types.ts';
import type { Identity, IdentityId } from '../identity/types.ts';
import { KeyChoice } from '../labels/key-choice.ts';
import { ApiClient } from './api-client.ts';
import { KubeletSource } from './kubelet-source.ts';
import { ownerByPod, Owners } from './owners.ts';
import { podOf, type PodObject, serviceOf, type ServiceObject } from './pod-object.ts';
import { PodTable } from './pod-table.ts';
import { ResourceWatch } from './resource-watch.ts';
import { Services } from './services.ts';
import type { Access, KubernetesCounts, KubernetesSource, OwnerReference, Pod } from './types.ts';

/** Which labels and annotations of pods become labels of processes; patterns for their keys. */
export interface PodLabelChoice {
  podLabels: readonly string[];
  podAnnotations: readonly string[];
}

export interface KubernetesOptions extends PodLabelChoice {
  /** Name of this node in Kubernetes. */
  node?: string;
  /** The API server. Else the kubelet is asked, if there is one, else containers tell what the runtime knows. */
  api?: Access;
  kubelet?: Access;
  /** How often the kubelet is asked, ms. */
  kubeletInterval?: number;
}

/** What is known of a pod, from wherever. */
export interface PodView {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly owner?: OwnerReference;
  /** Within the pod: absent for the sandbox. */
  readonly container?: string;
  readonly image?: string;
}

/** How often the kubelet is asked if nobody says, ms. */
const KUBELET_INTERVAL = 5000;

/** Pods, by the runtime's labels and whatever of Kubernetes can be reached; puts `k8s.*` on their processes. */
export class HostKubernetes {
  readonly #containers: Containers;
  readonly #options: KubernetesOptions;
  readonly #pods = new PodTable((uid) => this.#containersOf(uid).length > 0);
  readonly #services = new Services();
  readonly #owners: Owners;
  readonly #clients: ApiClient[] = [];
  readonly #watches: Pick<ResourceWatch<never>, 'answers' | 'failures' | 'close'>[] = [];
  readonly #podLabels: KeyChoice;
  readonly #podAnnotations: KeyChoice;
  #kubelet: KubeletSource | undefined;

  constructor(identity: Identity, containers: Containers, options: KubernetesOptions) {
    this.#containers = containers;
    this.#options = options;
    this.#podLabels = new KeyChoice(options.podLabels);
    this.#podAnnotations = new KeyChoice(options.podAnnotations);
    const api = options.api && this.#client(options.api);
    this.#owners = new Owners(api, () => this.#relabelAll());
    if (api !== undefined) this.#watch(api);
    else if (options.kubelet !== undefined) this.#poll(this.#client(options.kubelet));
    containers.on('created', this.#onContainer, this);
    containers.on('forgotten', this.#onForgotten, this);
    identity.addFacet({ name: 'kubernetes', label: ({ id }, add) => this.#label(id, add) });
  }

  /** The pod that a container belongs to, as far as anybody told. */
  podOf(container: Container): PodView | undefined {
    const sandbox = container.facts?.pod;
    const uid = sandbox?.uid ?? container.podUid;
    const pod = uid === undefined ? undefined : this.#pods.get(uid);
    if (pod !== undefined) {
      const own = pod.containers.get(container.id) ?? (sandbox?.container ? { name: sandbox.container } : undefined);
      return { ...pod, ...(own && { container: own.name, ...(own.image && { image: own.image }) }) };
    }
    if (sandbox === undefined) return undefined;
    const owner = ownerByPod(sandbox.name, sandbox.labels);
    const { node } = this.#options;
    return { ...sandbox, ...(owner && { owner }), ...(node && { node }) };
  }

  /** Attribute and name of the controllers above a pod. */
  ownersOf({ namespace, owner, labels }: PodView): Iterable<[string, string]> {
    return this.#owners.attributes(namespace, owner, labels);
  }

  choose({ podLabels, podAnnotations }: PodLabelChoice): void {
    const labelsDiffer = this.#podLabels.set(podLabels);
    const annotationsDiffer = this.#podAnnotations.set(podAnnotations);
    if (labelsDiffer || annotationsDiffer) this.#relabelAll();
  }

  counts(): KubernetesCounts {
    const asked = [...this.#watches, ...(this.#kubelet ? [this.#kubelet] : [])];
    const source: KubernetesSource = this.#options.api ? 'api' : this.#kubelet ? 'kubelet' : 'cri';
    const answers = asked.some((each) => each.answers !== undefined) ? asked.every((each) => each.answers) : undefined;
    const failures = asked.reduce((sum, each) => sum + each.failures, 0);
    return { source, ...(answers !== undefined && { answers }), pods: this.#pods.size, failures };
  }

  close(): void {
    this.#containers.off('created', this.#onContainer, this);
    this.#containers.off('forgotten', this.#onForgotten, this);
    this.#owners.close();
    this.#kubelet?.close();
    for (const each of [...this.#watches, ...this.#clients]) each.close();
  }

  #client(access: Access): ApiClient {
    const client = new ApiClient(access);
    this.#clients.push(client);
    return client;
  }

  /** Pods of this node; and services of all namespaces, for any of them may select such a pod. */
  #watch(api: ApiClient): void {
    const { node } = this.#options;
    const ofNode = node === undefined ? '' : `?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
    this.#start<PodObject>(api, `/api/v1/pods${ofNode}`, {
      all: (pods) => this.#onPods(pods.map(podOf)),
      changed: (pod) => this.#onPod(podOf(pod)),
      deleted: (pod) => this.#pods.delete(podOf(pod).uid),
    });
    this.#start<ServiceObject>(api, '/api/v1/services', {
      all: (services) => this.#onServices(services),
      changed: (service) => this.#onService(service),
      deleted: ({ metadata }) => this.#onService({ metadata }),
    });
  }

  #start<Item extends { metadata: { resourceVersion: string; uid: string } }>(
    api: ApiClient,
    path: string,
    listener: ConstructorParameters<typeof ResourceWatch<Item>>[2],
  ): void {
    const watch = new ResourceWatch<Item>(api, path, listener);
    this.#watches.push(watch);
    watch.start();
  }

  #poll(kubelet: ApiClient): void {
    const interval = this.#options.kubeletInterval ?? KUBELET_INTERVAL;
    this.#kubelet = new KubeletSource(kubelet, interval, (pods) => this.#onPods(pods));
    this.#kubelet.start();
  }

  #onPods(pods: readonly Pod[]): void {
    const changed = this.#pods.replaceAll(pods);
    this.#containers.relabel(changed.flatMap(({ uid }) => this.#containersOf(uid)));
  }

  #onPod(pod: Pod): void {
    if (this.#pods.set(pod)) this.#containers.relabel(this.#containersOf(pod.uid));
  }

  #onServices(services: readonly ServiceObject[]): void {
    this.#services.replaceAll(services.map(serviceOf).filter((service) => service !== undefined));
    this.#relabelAll();
  }

  /** One whose selector is gone selects nobody, as one that is deleted. */
  #onService(object: ServiceObject): void {
    const { namespace, name } = object.metadata;
    const service = serviceOf(object);
    if (service === undefined) this.#services.delete(namespace, name);
    else this.#services.set(service);
    const concerned = [...this.#containers.all()].filter((container) => this.podOf(container)?.namespace === namespace);
    this.#containers.relabel(concerned);
  }

  #onContainer(container: Container): void {
    if (container.podUid !== undefined && this.#pods.get(container.podUid)?.containers.has(container.id) !== true) this.#kubelet?.hurry();
  }

  #onForgotten({ podUid, facts }: Container): void {
    const uid = podUid ?? facts?.pod?.uid;
    if (uid !== undefined) this.#pods.release(uid);
  }

  #containersOf(uid: string): Container[] {
    return [...this.#containers.all()].filter(({ podUid, facts }) => (facts?.pod?.uid ?? podUid) === uid);
  }

  #relabelAll(): void {
    this.#containers.relabel([...this.#containers.all()].filter((container) => this.podOf(container) !== undefined));
  }

  #label(process: IdentityId, add: (attribute: string, value: string) => void): void {
    const container = this.#containers.of(process);
    if (container === undefined) return;
    const pod = this.podOf(container);
    const uid = pod?.uid ?? container.podUid;
    if (uid !== undefined) add('k8s.pod.uid', uid);
    if (pod === undefined) return;
    add('k8s.namespace.name', pod.namespace);
    add('k8s.pod.name', pod.name);
    if (pod.container !== undefined) add('k8s.container.name', pod.container);
    if (pod.node !== undefined) add('k8s.node.name', pod.node);
    for (const [attribute, name] of this.ownersOf(pod)) add(attribute, name);
    const services = this.#services.selecting(pod.namespace, pod.labels);
    if (services.length > 0) add('k8s.service.name', services.join(','));
    for (const [key, value] of Object.entries(pod.labels)) if (value && this.#podLabels.has(key)) add(`k8s.pod.label.${key}`, value);
    for (const [key, value] of Object.entries(pod.annotations)) {
      if (value && this.#podAnnotations.has(key)) add(`k8s.pod.annotation.${key}`, value);
    }
  }
}
