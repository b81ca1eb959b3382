// SPDX-License-Identifier: Apache-2.0
import { imageFacts } from './image-name.ts';
import { sandboxOf } from './sandbox-labels.ts';
import type { ContainerFacts, RuntimeClient, RuntimeFacts } from './types.ts';
import { UnixHttp } from './unix-http.ts';

/** The oldest API that both Docker 19.03 and Podman 3 answer. */
const API = '/v1.40';
/** With more, the request would not fit a line. */
const MOST_IDS = 50;

/** An entry of `GET /containers/json`, as far as it is read. */
interface Listed {
  Id: string;
  Names?: string[] | null;
  Image?: string;
  ImageID?: string;
  Labels?: Record<string, string> | null;
}

/** An entry of `GET /events`, as far as it is read. */
interface Event {
  id?: string;
  Actor?: { ID: string };
}

/** What `GET /version` says, as far as it is read. */
interface Version {
  Version?: string;
  Components?: { Name: string }[] | null;
}

/**
 * Docker's REST API, which Podman answers too. Containers are listed, not inspected: that takes no lock on a container that
 * is being started.
 */
export class DockerClient implements RuntimeClient {
  readonly kind: string;
  readonly socket: string;
  readonly #http: UnixHttp;
  #runtime: RuntimeFacts | undefined;

  constructor(kind: 'docker' | 'podman', socket: string) {
    this.kind = kind;
    this.socket = socket;
    this.#http = new UnixHttp(socket);
  }

  async find(ids: readonly string[], signal: AbortSignal): Promise<ContainerFacts[]> {
    const runtime = (this.#runtime ??= await this.#version(signal));
    const filters = ids.length > MOST_IDS ? '' : `&filters=${encodeURIComponent(JSON.stringify({ id: ids }))}`;
    const listed = (await this.#http.get(`${API}/containers/json?all=true${filters}`, signal)) as Listed[];
    return listed.map((container) => factsOf(container, runtime));
  }

  async renames(since: number, renamed: (id: string) => void, signal: AbortSignal): Promise<void> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['rename'] }));
    const path = `${API}/events?since=${Math.floor(since / 1000)}&filters=${filters}`;
    for await (const { Actor, id = Actor?.ID } of this.#http.lines<Event>(path, signal)) if (id) renamed(id);
  }

  close(): void {
    this.#http.close();
  }

  /** The socket's name does not say who listens: Podman also serves Docker's. */
  async #version(signal: AbortSignal): Promise<RuntimeFacts> {
    const { Version: version, Components } = (await this.#http.get('/version', signal)) as Version;
    const isPodman = (Components ?? []).some(({ Name }) => Name.startsWith('Podman'));
    return { name: isPodman ? 'podman' : 'docker', ...(version && { version }) };
  }
}

function factsOf({ Id: id, Names, Image, ImageID, Labels }: Listed, runtime: RuntimeFacts): ContainerFacts {
  const name = Names?.map((each) => each.replace(/^\//, '')).find((each) => !each.includes('/'));
  const labels = Labels ?? {};
  const pod = sandboxOf(labels);
  return { id, ...(name && { name }), image: imageFacts(Image ?? '', ImageID), labels, runtime, ...(pod && { pod }) };
}
