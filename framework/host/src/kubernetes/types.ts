// SPDX-License-Identifier: Apache-2.0

/** A pod on this node, as Kubernetes' own API has it. */
export interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly node?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The controller that made it. */
  readonly owner?: OwnerReference;
  /** By id, without the runtime's prefix: the container's name, and its image as the pod asks for it. */
  readonly containers: ReadonlyMap<string, PodContainer>;
}

export interface PodContainer {
  readonly name: string;
  readonly image?: string;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
}

/** A service that selects pods by their labels. */
export interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

export type KubernetesSource = 'api' | 'kubelet' | 'cri';

export interface KubernetesCounts {
  source: KubernetesSource;
  /** Whether the last request was answered; undefined where nobody is asked (`cri`). */
  answers?: boolean;
  /** Pods of which the API or the kubelet told. */
  pods: number;
  /** Requests that failed. */
  failures: number;
}

/** How to reach an API server or a kubelet. */
export interface Access {
  /** `https://host:port`, without a slash at the end. */
  readonly server: string;
  /** PEM. Absent: the system's. */
  readonly ca?: string;
  /** Neither its certificate nor its name is looked at. */
  readonly insecure?: boolean;
  readonly token?: string;
  /** Read again for every request: tokens of service accounts are replaced. */
  readonly tokenFile?: string;
  /** PEM, of a client. */
  readonly cert?: string;
  readonly key?: string;
}
