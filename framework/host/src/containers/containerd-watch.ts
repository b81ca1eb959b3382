// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client, ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import { cgroupOfSpec } from './cgroup-path.ts';
import { imageFacts } from './image-name.ts';
import type { ContainerWatch, RuntimeFacts, RuntimeState, WatchListener } from './types.ts';
import { openServices } from './unix-grpc.ts';

const FILES = ['containers', 'events', 'namespaces', 'version'].map((name) => fileURLToPath(new URL(`../../proto/containerd/${name}.proto`, import.meta.url)));
/** How long one request may take, ms. */
const PATIENCE = 10_000;
/** How long it is before a runtime is tried again that is absent or broke off, ms. */
const AGAIN = 5000;

const TOPICS = { create: '/containers/create', update: '/containers/update', delete: '/containers/delete' };
/** Docker's own, which its API tells more of. */
const MOBY = 'moby';
/** A label of what the container runtime interface made, and tells more of. */
const CRI_KIND = 'io.cri-containerd.kind';
const NERDCTL_NAME = 'nerdctl/name';
const GENERATED_ID = /^[0-9a-f]{64}$/;

/** Messages of `proto/containerd`, as the loader gives them. */
interface Listed {
  id: string;
  labels: Record<string, string>;
  image: string;
  spec: { value: Uint8Array } | null;
}

interface Envelope {
  namespace: string;
  topic: string;
  event: { value: { id: string } | null } | null;
}

type Unary = (request: object, metadata: Metadata, options: object, done: (error: ServiceError | null, answer: unknown) => void) => void;
type Method = 'Get' | 'List' | 'Version';
type Asked = 'containers' | 'namespaces' | 'version';
type Services = Record<Asked, Client & Record<Method, Unary>> & {
  events: Client & { Subscribe(request: object): ClientReadableStream<Envelope> };
};

/**
 * containerd's own API: the containers of all its namespaces that neither Docker nor the container runtime interface made, such
 * as those of `ctr` and nerdctl. It is told of each when it is made, since their cgroups do not say what they are. Source of the
 * definitions: github.com/containerd/containerd/api.
 */
export class ContainerdWatch implements ContainerWatch {
  readonly kind = 'containerd';
  readonly socket: string;
  readonly #requests = { answered: 0, absent: 0, timeout: 0, error: 0 };
  readonly #closing = new AbortController();
  #answers: boolean | undefined;
  #services: Services | undefined;

  constructor(socket: string) {
    this.socket = socket;
  }

  start(listener: WatchListener): void {
    void this.#follow(listener);
  }

  state(): RuntimeState {
    const { kind, socket } = this;
    return { kind, socket, ...(this.#answers !== undefined && { answers: this.#answers }), requests: { ...this.#requests } };
  }

  close(): void {
    this.#closing.abort();
    for (const service of Object.values(this.#services ?? {})) service.close();
  }

  async #follow(listener: WatchListener): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (existsSync(this.socket)) await this.#watch(listener).catch(() => {});
      else if (this.#answers) this.#failed('absent');
      await sleep(AGAIN, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Until the connection breaks. What is made while the lists are read is told twice. */
  async #watch(listener: WatchListener): Promise<void> {
    const { events } = (this.#services ??= await connect(this.socket));
    const changes = events.Subscribe({ filters: Object.values(TOPICS).map((topic) => `topic=="${topic}",namespace!="${MOBY}"`) });
    changes.on('error', () => {}); // ends the loop below
    const cancel = () => changes.cancel();
    this.#closing.signal.addEventListener('abort', cancel);
    try {
      const { version } = await this.#call<{ version: string }>('version', 'Version', {});
      const runtime = { name: 'containerd', ...(version && { version }) };
      await this.#list(listener, runtime);
      for await (const { namespace, topic, event } of changes as AsyncIterable<Envelope>) {
        const id = event?.value?.id;
        if (id === undefined) continue;
        if (topic === TOPICS.delete) listener.withdrawn(keyOf(namespace, id));
        else await this.#look(listener, namespace, id, runtime);
      }
    } finally {
      this.#closing.signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  async #list(listener: WatchListener, runtime: RuntimeFacts): Promise<void> {
    const { namespaces } = await this.#call<{ namespaces: { name: string }[] }>('namespaces', 'List', {});
    for (const { name } of namespaces) {
      if (name === MOBY) continue;
      const { containers } = await this.#call<{ containers: Listed[] }>('containers', 'List', {}, name);
      for (const container of containers) announce(listener, name, container, runtime);
    }
  }

  /** One that is gone again by now needs no name. */
  async #look(listener: WatchListener, namespace: string, id: string, runtime: RuntimeFacts): Promise<void> {
    const found = await this.#call<{ container: Listed | null }>('containers', 'Get', { id }, namespace).catch(() => undefined);
    if (found?.container) announce(listener, namespace, found.container, runtime);
  }

  async #call<Answer>(service: Asked, method: Method, request: object, namespace = 'default'): Promise<Answer> {
    const { Metadata, status } = await import('@grpc/grpc-js');
    const metadata = new Metadata();
    metadata.set('containerd-namespace', namespace);
    const deadline = Date.now() + PATIENCE;
    return new Promise((resolve, reject) => {
      this.#services![service][method](request, metadata, { deadline }, (error, answer) => {
        if (error === null || error.code === status.NOT_FOUND) this.#answered();
        else this.#failed(error.code === status.DEADLINE_EXCEEDED ? 'timeout' : 'error');
        if (error === null) resolve(answer as Answer);
        else reject(error);
      });
    });
  }

  #answered(): void {
    this.#requests.answered++;
    this.#answers = true;
  }

  #failed(cause: 'absent' | 'timeout' | 'error'): void {
    this.#requests[cause]++;
    this.#answers = false;
  }
}

function connect(socket: string): Promise<Services> {
  type Definitions = { containerd: { services: Record<string, { v1: Record<string, unknown> }> } };
  return openServices<Services>(socket, FILES, (definitions) => {
    const { services } = (definitions as unknown as Definitions).containerd;
    return {
      containers: services['containers']!.v1['Containers'],
      events: services['events']!.v1['Events'],
      namespaces: services['namespaces']!.v1['Namespaces'],
      version: services['version']!.v1['Version'],
    };
  });
}

function announce(listener: WatchListener, namespace: string, { id, labels, image, spec }: Listed, runtime: RuntimeFacts): void {
  const path = spec && cgroupOfSpec(spec.value);
  if (!path || labels[CRI_KIND] !== undefined) return;
  const name = labels[NERDCTL_NAME] ?? (GENERATED_ID.test(id) ? undefined : id);
  const facts = { id, ...(name && { name }), image: imageFacts(image), labels, runtime };
  listener.announced({ key: keyOf(namespace, id), path, facts });
}

/** Namespaces do not know of each other's ids. */
function keyOf(namespace: string, id: string): string {
  return GENERATED_ID.test(id) ? id : `${namespace}/${id}`;
}
