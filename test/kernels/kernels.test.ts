// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../harness/paths.ts';
import { compile } from '../harness/workload.ts';
import { checks, workloads, type Workloads } from './guest/checks.ts';
import type { Report } from './guest/main.ts';
import { boot, guests } from './guests.ts';
import { kernelTables } from './kernel-tables.ts';

const reports = new Map<string, Report>();
let compiled: Workloads;
beforeAll(async () => {
  const entries = workloads.map(async (name) => [name, (await compile(`workloads/${name}.c`)).path] as const);
  compiled = Object.fromEntries(await Promise.all(entries)) as Workloads;
});

describe.for(guests)('Linux $name', ({ name, suite, without }) => {
  let report: Report;
  beforeAll(async () => {
    report = await boot(suite, compiled);
    reports.set(name, report);
  });

  test.runIf(without !== undefined)('what cannot run says so', () => {
    expect(report.probes[without!]).toMatchObject({ state: 'failed', error: { code: 'SONDE_OBJECT_REFUSED' } });
  });

  test.for(checks.filter(({ probe }) => probe !== without).map(({ title }) => title))('%s', (title) => {
    const { error } = report.checks[title] ?? { error: 'it was not run' };
    if (error !== undefined) throw new Error(`Linux ${report.kernel}: ${error}`);
  });
});

test('docs/reference/kernels.md says which programs each kernel takes; npm run test:kernels -- -u writes it', async () => {
  expect([...reports.keys()]).toEqual(guests.map(({ name }) => name));
  await expect(kernelTables(reports)).toMatchFileSnapshot(join(repository, 'docs/reference/kernels.md'));
});
