// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { installElsewhere } from './harness/install-elsewhere.ts';
import { samplePackage } from './harness/paths.ts';

test('the samples work from npm pack, installed in a folder outside of the repository', { timeout: 120_000 }, async () => {
  using installation = await installElsewhere('@sonde/kit', '@sonde-samples/probe-fsync', '@sonde-samples/probe-execs');
  const execs = installation.packageFolder('@sonde-samples/probe-execs');
  await using host = await startHost({
    allow: [execs],
    probes: { execs: { package: execs }, fsync: { package: installation.packageFolder('@sonde-samples/probe-fsync') } },
  });
  for (const name of ['execs', 'fsync']) {
    const { state, error } = await host.probe(name);
    expect(error, name).toBeUndefined();
    expect(state, name).toBe('running');
  }
  await run(join(samplePackage('execs'), 'workload/execs.sh'), ['10']);
  await host.scrapeUntil('10 execs', (seen) => seen.sum('exec_calls_total', { exec_program_name: 'true' }) >= 10);
});
