// SPDX-License-Identifier: Apache-2.0
import type { Service } from './types.ts';

/** The services that select pods, by namespace. */
export class Services {
  readonly #byNamespace = new Map<string, Map<string, Service>>();

  replaceAll(services: readonly Service[]): void {
    this.#byNamespace.clear();
    for (const service of services) this.set(service);
  }

  set(service: Service): void {
    const inNamespace = this.#byNamespace.get(service.namespace) ?? new Map<string, Service>();
    this.#byNamespace.set(service.namespace, inNamespace.set(service.name, service));
  }

  delete(namespace: string, name: string): void {
    this.#byNamespace.get(namespace)?.delete(name);
  }

  /** Names of the services whose selector a pod's labels meet, sorted. */
  selecting(namespace: string, labels: Readonly<Record<string, string>>): string[] {
    const services = [...(this.#byNamespace.get(namespace)?.values() ?? [])];
    const meets = ({ selector }: Service) => Object.entries(selector).every(([key, value]) => labels[key] === value);
    return services.filter(meets).map(({ name }) => name).sort();
  }
}
