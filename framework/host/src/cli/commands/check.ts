// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asSondeError, sondeError, type SondeError } from '@sonde/kit';
import type { ProbeConfig } from '../../config/types.ts';
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { paint } from '../output.ts';

export const command: Command = {
  usage: 'check [<sonde.yaml or package folder>]',
  help:
    'Checks a configuration together with the packages of its probes, or one probe package with its BPF object. ' +
    'Nothing is loaded, no host is needed. The exit code is 3 if something is wrong.',
  examples: [
    ['sonde check', 'check /etc/sonde/sonde.yaml'],
    ['sonde check ./sonde.yaml', 'check a configuration before it is used'],
    ['sonde check ./fsync', 'check a probe package'],
  ],
  async run({ args, output }) {
    expectArguments(args.length > 0 ? args : ['/etc/sonde/sonde.yaml'], ['<path>'], 'sonde check');
    const path = resolve(args[0] ?? '/etc/sonde/sonde.yaml');
    const problems = (await problemsOf(path)).flatMap((problem) =>
      problem.problems.length > 0 ? problem.problems : [problem],
    );
    output.show({ path, valid: problems.length === 0, problems }, () =>
      problems.length > 0
        ? problems.map((problem) => problem.format()).join('\n')
        : `${paint('green', 'good')}  ${path}`,
    );
    return problems[0]?.entry.exit;
  },
};

async function problemsOf(path: string): Promise<SondeError[]> {
  try {
    return isFolder(path) ? await checkPackage(path) : await checkConfig(path);
  } catch (thrown) {
    return [asSondeError(thrown)];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw sondeError('SONDE_FILE_UNREADABLE', { file: path, reason: (cause as Error).message }, { cause });
  }
}

async function checkConfig(file: string): Promise<SondeError[]> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { problemAt } = await import('../../config/problem-at.ts');
  const { config, place } = await loadConfig(file);
  const problems: SondeError[] = [];
  for (const [name, probe] of Object.entries(config.probes)) {
    const found = await checkProbe(name, probe, dirname(config.file));
    problems.push(...found.map((problem) => problemAt(problem, `/probes/${name}`, place)));
  }
  return problems;
}

/** What a package says against what is wanted of its probe, with pointers in `probe` or places in its own files. */
async function checkProbe(name: string, probe: ProbeConfig, folder: string): Promise<SondeError[]> {
  const { builtInPackage } = await import('../../packages/find-package.ts');
  const { loadPackage } = await import('../../packages/load-package.ts');
  const { checkDesired } = await import('../../probes/desired-plan.ts');
  try {
    const found = await loadPackage(probe.package ?? builtInPackage(name), folder);
    if (found.manifest.name === name) return checkDesired(found, probe);
    const values = { package: found.name, manifest: found.manifest.name, name };
    return [sondeError('SONDE_PROBE_NAME', values, { place: { pointer: '/package' } })];
  } catch (thrown) {
    return [asSondeError(thrown)];
  }
}

async function checkPackage(folder: string): Promise<SondeError[]> {
  const { loadPackage } = await import('../../packages/load-package.ts');
  const { checkObjects } = await import('../../probes/check-objects.ts');
  return checkObjects(await loadPackage(folder, folder));
}
