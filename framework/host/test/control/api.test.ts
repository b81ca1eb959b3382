// SPDX-License-Identifier: Apache-2.0
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFile, writeFile } from 'node:fs/promises';
import configSchema from '../../src/config/sonde.schema.json' with { type: 'json' };
import apiSchema from '../../src/control/api.schema.json' with { type: 'json' };
import type { Finding } from '../../src/control/problem.ts';
import type { ProbeStatus } from '../../src/probes/types.ts';
import { ControlRoom, type Answer } from './control-room.ts';

const ajv = new Ajv({ allowUnionTypes: true }).addSchema([configSchema, apiSchema]);
let room: ControlRoom;

beforeEach(async () => {
  room = await ControlRoom.open();
});

afterEach(() => room.close());

/** Expects an answer that is as the API says. */
function expectBody(answer: Answer, schema: string, status = 200): Answer['body'] {
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  const validate = ajv.getSchema(`${apiSchema.$id}#/$defs/${schema}`)!;
  expect(validate(answer.body) || validate.errors).toBe(true);
  return answer.body;
}

function expectProblem(answer: Answer, status: number, code: string): Answer['body'] {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = expectBody(answer, 'Problem', status);
  expect(problem).toMatchObject({ status, code });
  return problem;
}

describe('the API', () => {
  it('lists the probes', async () => {
    const { probes } = expectBody(await room.overSocket('GET', '/v1/probes'), 'ProbeList');
    expect(probes.map(({ name, state }: ProbeStatus) => [name, state])).toEqual([['fsync', 'running']]);
  });

  it('shows of one probe what is wanted, where it came from, and what is the case', async () => {
    await room.overSocket('PUT', '/v1/probes/fsync', { params: { slow: '2ms' } });
    const probe = expectBody(await room.overSocket('GET', '/v1/probes/fsync'), 'ProbeStatus');
    expect(probe.desired).toMatchObject({ enabled: true, params: { slow: '2ms' } });
    expect(probe.origins).toMatchObject({ '/enabled': 'default', '/package': 'file', '/params/slow': 'overlay' });
  });

  it('changes the fields that it is given and answers when the probe has settled', async () => {
    const change = { collectors: { calls: false }, targets: { include: [{ pid: [12] }] } };
    const probe = expectBody(await room.overSocket('PUT', '/v1/probes/fsync', change), 'ProbeStatus');
    expect(probe.desired).toMatchObject(change);
    expect(room.probes.desired['fsync']).toMatchObject(change);
  });

  it('starts, stops and restarts a probe', async () => {
    for (const [verb, state] of [
      ['stop', 'stopped'],
      ['start', 'running'],
      ['restart', 'running'],
    ]) {
      const probe = expectBody(await room.overSocket('POST', `/v1/probes/fsync/${verb}`), 'ProbeStatus');
      expect(probe.state).toBe(state);
    }
    expect(room.probes.restarts).toBe(1);
  });

  it('takes the overlay off, whole or by field', async () => {
    await room.overSocket('PUT', '/v1/probes/fsync', { enabled: false, params: { slow: '2ms' } });
    const one = await room.overSocket('DELETE', '/v1/probes/fsync?field=/params/slow');
    expect([one.status, one.body, room.probes.desired['fsync']]).toEqual([
      204,
      '',
      expect.objectContaining({ enabled: false }),
    ]);
    const all = await room.overSocket('DELETE', '/v1/probes/fsync');
    expect([all.status, room.probes.desired['fsync']]).toEqual([204, { package: expect.any(String) }]);
  });

  it('validates a sonde.yaml with the places of what is wrong, and applies nothing', async () => {
    const text = 'apiVersion: sonde/v1\nprobes:\n  fsync: { collectors: { cals: true } }\n';
    const answer = await room.overSocket('POST', '/v1/validate', { text, file: '/etc/sonde.yaml' });
    const { valid, problems } = expectBody(answer, 'ValidateResult');
    expect([valid, problems[0].code, problems[0].place]).toEqual([
      false,
      'SONDE_COLLECTOR_UNKNOWN',
      '/etc/sonde.yaml:3:32 (/probes/fsync/collectors/cals)',
    ]);
    const good = await room.overSocket('POST', '/v1/validate', { text: 'apiVersion: sonde/v1' });
    expect(expectBody(good, 'ValidateResult')).toEqual({ valid: true, problems: [] });
    expect(room.probes.reconciled).toBe(1);
  });

  it('says what runs, on what kernel, and that it is well', async () => {
    expect(expectBody(await room.overSocket('GET', '/v1/version'), 'Version').version).toBe('1.2.3');
    expect(expectBody(await room.overSocket('GET', '/v1/kernel'), 'KernelReport').features.btf).toBe(true);
    expectBody(await room.overSocket('GET', '/healthz'), 'Health');
  });

  it('is ready once the probes have settled, and says that a bad file is not in effect', async () => {
    room.state.isReady = false;
    expectBody(await room.overSocket('GET', '/readyz'), 'Readiness', 503);
    room.state.isReady = true;
    await writeFile(room.store.config.file, 'apiVersion: sonde/v1\nprobs: {}');
    await room.store.reload();
    const { config, probes } = expectBody(await room.overSocket('GET', '/readyz'), 'Readiness');
    expect([config.current, config.problems[0].code, probes]).toEqual([
      false,
      'SONDE_INPUT_UNKNOWN_KEY',
      { running: 1 },
    ]);
  });

  it('says what has changed in the file that is read at start only, until it is changed back', async () => {
    const { file } = room.store.config;
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace('no-such-group', 'no-other-group').replace('"state":"state"', '"state":"elsewhere"'));
    await room.store.reload();
    const needed = { current: false, restartNeeded: ['/control', '/state'] };
    expect(expectBody(await room.overSocket('GET', '/readyz'), 'Readiness').config).toMatchObject(needed);
    expect(expectBody(await room.overSocket('GET', '/v1/probes'), 'ProbeList').config).toMatchObject(needed);
    await writeFile(file, before);
    await room.store.reload();
    expect(expectBody(await room.overSocket('GET', '/readyz'), 'Readiness').config).toEqual({ file, current: true });
  });

  it('answers HEAD as GET without the body', async () => {
    const { status, body } = await room.overSocket('HEAD', '/v1/probes');
    expect([status, body]).toEqual([200, '']);
  });
});

describe('a wrong request', () => {
  it('to no route names the nearest', async () => {
    const problem = expectProblem(await room.overSocket('GET', '/v1/probe/fsync'), 404, 'SONDE_ROUTE_UNKNOWN');
    expect(problem.hint).toContain("'/v1/probes/fsync'");
  });

  it('with a method that the route lacks names those that it has', async () => {
    const answer = await room.overSocket('POST', '/v1/probes/fsync');
    expectProblem(answer, 405, 'SONDE_METHOD_NOT_ALLOWED');
    expect(answer.headers.allow).toBe('GET, PUT, DELETE, HEAD');
  });

  it.each([
    ['GET', '/v1/probes/fsnc', undefined],
    ['PUT', '/v1/probes/fsnc', { enabled: true }],
    ['DELETE', '/v1/probes/fsnc', undefined],
    ['POST', '/v1/probes/fsnc/stop', undefined],
    ['POST', '/v1/probes/fsnc/restart', undefined],
  ])('%s %s for a probe that is nowhere names the nearest', async (method, path, body) => {
    const problem = expectProblem(await room.overSocket(method, path, body), 404, 'SONDE_PROBE_UNKNOWN');
    expect(problem.hint).toContain("'fsync'");
  });

  it('with an unknown query parameter', async () => {
    const problem = expectProblem(
      await room.overSocket('DELETE', '/v1/probes/fsync?feild=/enabled'),
      400,
      'SONDE_QUERY_UNKNOWN',
    );
    expect(problem.hint).toBe("Did you mean 'field'?");
  });

  it('with a body that is not said to be JSON', async () => {
    const answer = await room.overSocket('PUT', '/v1/probes/fsync', '{"enabled":false}', {
      'Content-Type': 'text/plain',
    });
    expectProblem(answer, 415, 'SONDE_BODY_TYPE');
  });

  it('with a body that is no JSON', async () => {
    const answer = await room.overSocket('PUT', '/v1/probes/fsync', '{enabled', { 'Content-Type': 'application/json' });
    expectProblem(answer, 400, 'SONDE_INPUT_SYNTAX');
  });

  it.each([
    [{ enable: true }, 'SONDE_INPUT_UNKNOWN_KEY', '/enable'],
    [{ enabled: 'yes' }, 'SONDE_INPUT_TYPE', '/enabled'],
    [{ targets: { include: [{ pid: [0] }] } }, 'SONDE_INPUT_VALUE', '/targets/include/0/pid/0'],
    [{ package: './relative' }, 'SONDE_INPUT_VALUE', '/package'],
    [{}, 'SONDE_INPUT_VALUE', undefined],
    [{ collectors: { cals: true } }, 'SONDE_COLLECTOR_UNKNOWN', '/collectors/cals'],
  ])('with the body %j', async (body, code, place) => {
    const problem = expectProblem(await room.overSocket('PUT', '/v1/probes/fsync', body), 422, code);
    expect(problem.place || undefined).toBe(place);
    expect(room.probes.reconciled).toBe(1);
  });

  it('with several problems names each', async () => {
    const answer = await room.overSocket('PUT', '/v1/probes/fsync', { enable: true, params: [] });
    const problem = expectProblem(answer, 422, 'SONDE_INPUT_INVALID');
    expect(problem.problems.map(({ code }: Finding) => code).sort()).toEqual([
      'SONDE_INPUT_TYPE',
      'SONDE_INPUT_UNKNOWN_KEY',
    ]);
  });

  it('with a body over the limit is answered all the same', async () => {
    const answer = await room.overSocket('PUT', '/v1/probes/fsync', { package: `/${'x'.repeat(1024 * 1024)}` });
    expectProblem(answer, 413, 'SONDE_BODY_TOO_LARGE');
  });

  it('for the package of a probe that the file names', async () => {
    expectProblem(
      await room.overSocket('PUT', '/v1/probes/fsync', { package: '/tmp/x' }),
      409,
      'SONDE_OVERLAY_PACKAGE',
    );
  });

  it('for a field that nothing lies over', async () => {
    const answer = await room.overSocket('DELETE', '/v1/probes/fsync?field=/enabled');
    expectProblem(answer, 404, 'SONDE_OVERLAY_FIELD_UNKNOWN');
  });
});
