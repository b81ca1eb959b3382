// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { imageFacts } from './image-name.ts';
import { podLabels, sandboxOf } from './sandbox-labels.ts';
import type { ContainerFacts, RuntimeClient, RuntimeFacts, SandboxFacts } from './types.ts';
import { openServices } from './unix-grpc.ts';

const PROTO = fileURLToPath(new URL('../../proto/cri.proto', import.meta.url));

/** Messages of `proto/cri.proto`, as the loader gives them: what was not sent is empty or null. */
interface Sandbox {
  id: string;
  metadata: { name: string; uid: string; namespace: string } | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface Listed {
  id: string;
  podSandboxId: string;
  metadata: { name: string } | null;
  image: Image | null;
  imageRef: string;
  imageId: string;
  labels: Record<string, string>;
}

interface Image {
  image: string;
  userSpecifiedImage: string;
}

type Method = (request: object, options: object, done: (error: ServiceError | null, answer: unknown) => void) => { cancel(): void };
type MethodName = 'Version' | 'ListPodSandbox' | 'ListContainers' | 'ContainerStatus';
type Service = Pick<Client, 'close'> & Record<MethodName, Method>;

/**
 * The container runtime interface of Kubernetes, version 1: containerd, CRI-O, cri-dockerd. Source of the definitions:
 * k8s.io/cri-api.
 */
export class CriClient implements RuntimeClient {
  readonly kind = 'cri';
  readonly socket: string;
  #service: Service | undefined;
  #runtime: RuntimeFacts | undefined;

  constructor(socket: string) {
    this.socket = socket;
  }

  async find(ids: readonly string[], signal: AbortSignal): Promise<ContainerFacts[]> {
    this.#service ??= await connect(this.socket);
    const runtime = (this.#runtime ??= await this.#version(signal));
    const filter = ids.length === 1 ? { filter: { id: ids[0]! } } : {};
    const { containers } = await this.#call<{ containers: Listed[] }>('ListContainers', filter, signal);
    const sandboxes = await this.#sandboxes(ids, containers, signal);
    const facts = containers.map((container) => containerFacts(container, sandboxes.get(container.podSandboxId), runtime));
    const asked = new Set(ids);
    for (const sandbox of sandboxes.values()) if (asked.has(sandbox.id)) facts.push(sandboxFacts(sandbox, runtime));
    return Promise.all(facts.map(async (each) => (asked.has(each.id) ? this.#withImageName(each, signal) : each)));
  }

  close(): void {
    this.#service?.close();
  }

  async #version(signal: AbortSignal): Promise<RuntimeFacts> {
    const { runtimeName, runtimeVersion } = await this.#call<Record<string, string>>('Version', { version: 'v1' }, signal);
    return { name: runtimeName || 'cri', ...(runtimeVersion && { version: runtimeVersion }) };
  }

  /** By id: the sandboxes of these containers; and, since a sandbox has a cgroup too, those that were asked for. */
  async #sandboxes(ids: readonly string[], containers: readonly Listed[], signal: AbortSignal): Promise<Map<string, Sandbox>> {
    const only = ids.length > 1 ? undefined : (containers[0]?.podSandboxId ?? ids[0]!);
    const request = only === undefined ? {} : { filter: { id: only } };
    const { items } = await this.#call<{ items: Sandbox[] }>('ListPodSandbox', request, signal);
    return new Map(items.map((sandbox) => [sandbox.id, sandbox]));
  }

  /** Lists give the image as the kubelet passed it, which may be its id; the status gives its name. */
  async #withImageName(facts: ContainerFacts, signal: AbortSignal): Promise<ContainerFacts> {
    if (facts.image === undefined || facts.image.name !== undefined) return facts;
    type Answer = { status: { image: Image | null } | null };
    const { status } = await this.#call<Answer>('ContainerStatus', { containerId: facts.id }, signal);
    return { ...facts, image: { ...facts.image, ...imageFacts(nameOf(status?.image ?? null)) } };
  }

  #call<Answer>(method: MethodName, request: object, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = this.#service![method](request, {}, (error: ServiceError | null, answer: unknown) => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) reject(error);
        else resolve(answer as Answer);
      });
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

async function connect(socket: string): Promise<Service> {
  type Definitions = { runtime: { v1: { RuntimeService: unknown } } };
  const { service } = await openServices<{ service: Service & Client }>(socket, [PROTO], (definitions) => ({
    service: (definitions as unknown as Definitions).runtime.v1.RuntimeService,
  }));
  return service;
}

function containerFacts(listed: Listed, sandbox: Sandbox | undefined, runtime: RuntimeFacts): ContainerFacts {
  const { id, metadata, image, imageRef, imageId, labels } = listed;
  const own = sandboxOf(labels);
  const pod = sandbox === undefined ? own : withSandbox(sandbox, own?.container ?? metadata?.name);
  return {
    id,
    ...(metadata?.name && { name: metadata.name }),
    image: imageFacts(nameOf(image), imageId || digestOf(imageRef)),
    labels,
    runtime,
    ...(pod && { pod }),
  };
}

/** The pause container: it has no image of its own that a user would know. */
function sandboxFacts(sandbox: Sandbox, runtime: RuntimeFacts): ContainerFacts {
  const pod = withSandbox(sandbox);
  return { id: sandbox.id, labels: sandbox.labels, runtime, ...(pod && { pod }) };
}

function withSandbox({ metadata, labels, annotations }: Sandbox, container?: string): SandboxFacts | undefined {
  if (metadata === null || metadata.uid === '') return undefined;
  const { uid, name, namespace } = metadata;
  return { uid, name, namespace, ...(container && { container }), labels: podLabels(labels), annotations };
}

function nameOf(image: Image | null): string {
  return image?.userSpecifiedImage || image?.image || '';
}

/** `sha256:…` out of a reference that has it. */
function digestOf(reference: string): string | undefined {
  return /sha256:[0-9a-f]{64}$/.exec(reference)?.[0];
}
