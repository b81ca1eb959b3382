// SPDX-License-Identifier: Apache-2.0
import { SondeError } from '@sonde/kit';
import { parseConfig } from '../config/load-config.ts';
import type { ProbeChange, TargetRules } from '../config/types.ts';
import type { ProbeStatus } from '../probes/types.ts';
import { openApi } from './openapi.ts';
import { findingOf, findingsOf } from './problem.ts';
import type { ControlRequest, Reply, Route } from './route.ts';
import type { ConfigState, ControlOptions } from './types.ts';

/** The whole API: requests are answered from this table, and OpenAPI is generated from it. */
export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/probes',
    id: 'listProbes',
    summary: 'All probes',
    replies: { 200: 'ProbeList' },
    errors: [],
    handle: listProbes,
  },
  {
    method: 'GET',
    path: '/v1/probes/{name}',
    id: 'getProbe',
    summary: 'One probe: what is wanted of it, and what is the case',
    replies: { 200: 'ProbeStatus' },
    errors: ['SONDE_PROBE_UNKNOWN'],
    handle: status,
  },
  {
    method: 'PUT',
    path: '/v1/probes/{name}',
    id: 'setProbe',
    summary: 'Lay fields over sonde.yaml',
    description:
      'Only the fields in the body change; those laid before stay. They win over sonde.yaml, restarts of the host ' +
      'included, until they are deleted or the file changes them. The answer comes when the probe has settled.',
    body: 'ProbeChange',
    replies: { 200: 'ProbeStatus' },
    errors: [
      'SONDE_PROBE_UNKNOWN',
      'SONDE_COLLECTOR_UNKNOWN',
      'SONDE_PARAM_UNKNOWN',
      'SONDE_OVERLAY_PACKAGE',
      'SONDE_PACKAGE_NOT_FOUND',
      'SONDE_STATE_UNWRITABLE',
      'SONDE_STOPPING',
    ],
    handle: (control, request) => lay(control, request, request.body as ProbeChange),
  },
  {
    method: 'DELETE',
    path: '/v1/probes/{name}',
    id: 'unsetProbe',
    summary: 'Take off what was laid over sonde.yaml',
    query: { field: 'JSON pointer of a field to take off, such as /params/slow. All fields, if none is given.' },
    replies: { 204: null },
    errors: ['SONDE_PROBE_UNKNOWN', 'SONDE_OVERLAY_FIELD_UNKNOWN', 'SONDE_STATE_UNWRITABLE', 'SONDE_STOPPING'],
    handle: lift,
  },
  {
    method: 'POST',
    path: '/v1/probes/{name}/start',
    id: 'startProbe',
    summary: 'Start a probe; the same as laying `enabled: true` over it',
    replies: { 200: 'ProbeStatus' },
    errors: ['SONDE_PROBE_UNKNOWN', 'SONDE_STATE_UNWRITABLE', 'SONDE_STOPPING'],
    handle: (control, request) => lay(control, request, { enabled: true }),
  },
  {
    method: 'POST',
    path: '/v1/probes/{name}/stop',
    id: 'stopProbe',
    summary: 'Stop a probe; the same as laying `enabled: false` over it',
    replies: { 200: 'ProbeStatus' },
    errors: ['SONDE_PROBE_UNKNOWN', 'SONDE_STATE_UNWRITABLE', 'SONDE_STOPPING'],
    handle: (control, request) => lay(control, request, { enabled: false }),
  },
  {
    method: 'POST',
    path: '/v1/probes/{name}/restart',
    id: 'restartProbe',
    summary: 'Stop a probe and start it again',
    replies: { 200: 'ProbeStatus' },
    errors: ['SONDE_PROBE_UNKNOWN', 'SONDE_STOPPING'],
    handle: async (control, { params }) => ok(withOrigins(control, await control.store.restart(params['name']!))),
  },
  {
    method: 'GET',
    path: '/v1/sinks',
    id: 'listSinks',
    summary: 'All sinks: whether they deliver, what waits for them, their last error',
    replies: { 200: 'SinkList' },
    errors: [],
    handle: listSinks,
  },
  {
    method: 'GET',
    path: '/v1/events',
    id: 'followEvents',
    summary: 'Events as they happen, as server-sent events, until the client goes',
    description:
      'Each `data` is one event as an OpenTelemetry log record in JSON, as the log sink writes it. Nothing is kept for a ' +
      'client: what happened before is not sent, and one that reads too slowly misses the oldest that wait, is told how ' +
      'many by an event of the type `lost`, and finds them counted in `sonde_loss_total`.',
    query: {
      probe: 'Only events of this probe.',
      name: 'Only events whose name matches this glob, such as `tcp.*`.',
    },
    replies: { 200: 'EventStream' },
    produces: 'text/event-stream',
    errors: ['SONDE_EVENTS_BUSY'],
    handle: ({ events }, { query }) => ({
      status: 200,
      stream: events.follow({ probes: query.getAll('probe'), names: query.getAll('name') }),
    }),
  },
  {
    method: 'GET',
    path: '/v1/probes/{name}/targets',
    id: 'getTargets',
    summary: 'Who the target rules of a probe match now, and by which rule',
    replies: { 200: 'TargetReport' },
    errors: ['SONDE_PROBE_UNKNOWN'],
    handle: ({ probes }, { params }) => ok(probes.targets(params['name']!)),
  },
  {
    method: 'POST',
    path: '/v1/probes/{name}/targets',
    id: 'tryTargets',
    summary: 'Who other rules would match; nothing changes',
    body: 'TargetRules',
    replies: { 200: 'TargetReport' },
    errors: ['SONDE_PROBE_UNKNOWN', 'SONDE_TARGET_PATTERN', 'SONDE_TARGET_SELECTOR'],
    handle: ({ probes }, { params, body }) => ok(probes.targets(params['name']!, body as TargetRules)),
  },
  {
    method: 'POST',
    path: '/v1/validate',
    id: 'validate',
    summary: 'Check a sonde.yaml, and what it wants of each probe, without applying it',
    body: 'ValidateRequest',
    replies: { 200: 'ValidateResult' },
    errors: [],
    handle: validate,
  },
  {
    method: 'GET',
    path: '/v1/version',
    id: 'getVersion',
    summary: 'What runs',
    replies: { 200: 'Version' },
    errors: [],
    handle: ({ version }) => ok({ name: 'sonde', version, node: process.version, api: 'v1' }),
  },
  {
    method: 'GET',
    path: '/v1/kernel',
    id: 'getKernel',
    summary: 'What the running kernel can do',
    replies: { 200: 'KernelReport' },
    errors: [],
    handle: async ({ kernel }) => ok(await kernel()),
  },
  {
    method: 'GET',
    path: '/healthz',
    id: 'getHealth',
    summary: 'Whether the host answers',
    replies: { 200: 'Health' },
    errors: [],
    handle: () => ok({ status: 'ok' }),
  },
  {
    method: 'GET',
    path: '/readyz',
    id: 'getReadiness',
    summary: 'Whether the probes have settled, and whether sonde.yaml is in effect as it is now',
    replies: { 200: 'Readiness', 503: 'Readiness' },
    errors: [],
    handle: readiness,
  },
  {
    method: 'GET',
    path: '/openapi.json',
    id: 'getOpenApi',
    summary: 'This document',
    replies: { 200: 'OpenApi' },
    errors: [],
    handle: ({ version }) => ok(openApi(routes, version)),
  },
];

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function listProbes(control: ControlOptions): Reply {
  const probes = control.probes.list().map((status) => withOrigins(control, status));
  return ok({ config: configState(control), probes });
}

function status(control: ControlOptions, { params }: ControlRequest): Reply {
  return ok(withOrigins(control, control.probes.get(params['name']!)));
}

async function lay(control: ControlOptions, request: ControlRequest, change: ProbeChange): Promise<Reply> {
  await control.store.lay(request.params['name']!, change);
  return status(control, request);
}

async function lift(control: ControlOptions, { params, query }: ControlRequest): Promise<Reply> {
  const { name } = control.probes.get(params['name']!);
  await control.store.lift(name, query.has('field') ? query.getAll('field') : undefined);
  return { status: 204 };
}

function listSinks({ sinks }: ControlOptions): Reply {
  return ok({ sinks: sinks().map(({ error, ...sink }) => ({ ...sink, ...(error && { error: findingOf(error) }) })) });
}

async function validate({ store }: ControlOptions, { body }: ControlRequest): Promise<Reply> {
  const { text, file = store.config.file } = body as { text: string; file?: string };
  try {
    await store.check(parseConfig(text, file));
    return ok({ valid: true, problems: [] });
  } catch (thrown) {
    if (!(thrown instanceof SondeError)) throw thrown;
    return ok({ valid: false, problems: findingsOf(thrown) });
  }
}

function readiness(control: ControlOptions): Reply {
  const { probes, isReady } = control;
  const ready = isReady();
  const states: Record<string, number> = {};
  for (const { state } of probes.list()) states[state] = (states[state] ?? 0) + 1;
  return { status: ready ? 200 : 503, body: { ready, config: configState(control), probes: states } };
}

/** How far the file as it is now is in effect. */
function configState({ store: { config, rejected, restartNeeded } }: ControlOptions): ConfigState {
  return {
    file: config.file,
    current: !rejected && restartNeeded.length === 0,
    ...(rejected && { problems: findingsOf(rejected) }),
    ...(restartNeeded.length > 0 && { restartNeeded }),
  };
}

/** The store knows which fields file and overlay have set; all others are the manifest's. */
function withOrigins({ store }: ControlOptions, status: ProbeStatus): ProbeStatus {
  return { ...status, origins: { ...status.origins, ...store.effective().get(status.name)?.origins } };
}
