// SPDX-License-Identifier: Apache-2.0
import { systemdUnit } from '../identity/cgroup-table.ts';
import type { Container, Containers } from '../containers/types.ts';
import type { Identity, IdentityFacet, ProcessFacts } from '../identity/types.ts';
import type { HostKubernetes, PodView } from '../kubernetes/index.ts';

/** OpenTelemetry's own annotations, and the labels that Kubernetes and Docker Compose recommend. */
const ANNOTATION = 'resource.opentelemetry.io/';
const RECOMMENDED = 'app.kubernetes.io/';
const COMPOSE = 'com.docker.compose.';
/** A tag that says nothing of the version. */
const LATEST = 'latest';

interface Service {
  name?: string | undefined;
  namespace?: string | undefined;
  version?: string | undefined;
  instance?: string | undefined;
}

/**
 * Infers `service.*`. In a pod as OpenTelemetry's conventions for Kubernetes have it: annotation, recommended label,
 * controller, pod. Elsewhere: the service of Docker Compose, the container, the systemd service, the executable.
 */
export function serviceFacet(
  identity: Pick<Identity, 'cgroupPath'>,
  containers: Pick<Containers, 'of'>,
  kubernetes: Pick<HostKubernetes, 'podOf' | 'ownersOf'>,
): IdentityFacet {
  return {
    name: 'service',
    label(process, add) {
      const container = containers.of(process.id);
      const pod = container && kubernetes.podOf(container);
      const service = pod ? ofPod(pod, container, controllerOf(kubernetes, pod)) : container ? ofContainer(container) : ofHost(process, identity);
      if (service.name) add('service.name', service.name);
      if (service.namespace) add('service.namespace', service.namespace);
      if (service.version) add('service.version', service.version);
      if (service.instance) add('service.instance.id', service.instance);
    },
  };
}

/** The uppermost: the deployment, not its replica set. */
function controllerOf(kubernetes: Pick<HostKubernetes, 'ownersOf'>, pod: PodView): string | undefined {
  return [...kubernetes.ownersOf(pod)].at(-1)?.[1];
}

function ofPod(pod: PodView, { facts }: Container, controller: string | undefined): Service {
  const { labels, annotations, namespace, name, container, image } = pod;
  const tag = facts?.image?.tag ?? tagOf(image);
  return {
    name: annotations[`${ANNOTATION}service.name`] ?? labels[`${RECOMMENDED}instance`] ?? labels[`${RECOMMENDED}name`] ?? controller ?? name,
    namespace: annotations[`${ANNOTATION}service.namespace`] ?? namespace,
    version: annotations[`${ANNOTATION}service.version`] ?? labels[`${RECOMMENDED}version`] ?? versionOf(tag),
    instance: annotations[`${ANNOTATION}service.instance.id`] ?? (container && `${namespace}.${name}.${container}`),
  };
}

/** Without facts nothing is said: the id is no name, and the executable's would change once they come. */
function ofContainer({ facts }: Container): Service {
  if (facts === undefined) return {};
  const { labels, name, image } = facts;
  const project = labels[`${COMPOSE}project`];
  return { name: labels[`${COMPOSE}service`] ?? name, namespace: project, version: versionOf(image?.tag) };
}

function ofHost({ cgroup, executable }: ProcessFacts, identity: Pick<Identity, 'cgroupPath'>): Service {
  const path = cgroup === undefined ? undefined : identity.cgroupPath(cgroup);
  const unit = path === undefined ? undefined : systemdUnit(path);
  if (unit?.endsWith('.service')) return { name: unit.slice(0, -'.service'.length) };
  return { name: executable?.slice(executable.lastIndexOf('/') + 1) };
}

function tagOf(image: string | undefined): string | undefined {
  return image === undefined ? undefined : /:([^:/@]+)(?:@|$)/.exec(image)?.[1];
}

function versionOf(tag: string | undefined): string | undefined {
  return tag === LATEST ? undefined : tag;
}
