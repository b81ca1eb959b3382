// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host, RestProbe } from './harness/host.ts';
import { makePackage } from './harness/make-package.ts';
import { fixturePackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
});
afterAll(async () => {
  expect(await host.probe('values'), 'what ran keeps running').toMatchObject({ state: 'running' });
  await host[Symbol.asyncDispose]();
});

/** The manifest of a probe that works, with the object that follows. */
const manifest = `apiVersion: sonde/v1
name: NAME
description: A probe of a test
object: dist/NAME.bpf.o
params:
  limit: { type: integer, default: 1, description: A limit, live: limit }
collectors:
  calls:
    programs:
      count: { program: on_call }
entities:
  test.process:
    source: { map: calls }
    metrics:
      test.calls: { type: counter, unit: '1', value: count, help: Calls. }
`;

const source = `// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sonde/probe.h>
volatile u64 limit = 0;
struct calls { u64 count; };
SONDE_HASH(calls, struct sonde_process, struct calls, 16);
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_call, struct task_struct *task)
{
	struct sonde_process process;
	struct calls *entry;

	sonde_process_current(&process);
	entry = sonde_slot(calls, &process);
	if (entry)
		sonde_add(&entry->count, limit);
	return 0;
}
char LICENSE[] SEC("license") = "Dual BSD/GPL";
`;

interface Change {
  manifest?: [string, string];
  source?: [string, string];
}

/** Starts a package that differs from the good one by a replacement, through REST, and resolves with what became of it. */
async function startChanged(name: string, change: Change): Promise<{ problem: string; probe?: RestProbe }> {
  const apply = (text: string, replacement?: [string, string]) => {
    if (!replacement) return text;
    expect(text).toContain(replacement[0]);
    return text.replace(...replacement);
  };
  using made = await makePackage(name, apply(manifest, change.manifest).replaceAll('NAME', name), apply(source, change.source));
  return await start(name, made.path);
}

async function start(name: string, path: string): Promise<{ problem: string; probe?: RestProbe }> {
  const answer = await host.rest.put(`/v1/probes/${name}`, { package: path, enabled: true });
  const problem = JSON.stringify(answer.status < 300 ? answer.body.error : answer.body);
  if (answer.status < 300) await host.rest.delete(`/v1/probes/${name}`);
  return { problem, probe: answer.body };
}

test('the package that the others are made from works', async () => {
  const { problem, probe } = await startChanged('good', {});
  expect(problem).toBeUndefined();
  expect(probe).toMatchObject({ state: 'running' });
});

test.each([
  ['unknownkey', 'an unknown key in probe.yaml', { manifest: ['description:', 'descripton:'] }, 'SONDE_INPUT_UNKNOWN_KEY', /probe\.yaml.*"?3/, /description/],
  ['wrongtype', 'a value of the wrong type', { manifest: ['{ map: calls }', '[calls]'] }, 'SONDE_INPUT_TYPE', /probe\.yaml/, /./],
  ['nofield', 'a field that the object lacks', { manifest: ['value: count', 'value: cuont'] }, 'SONDE_LAYOUT_FIELD', /probe\.yaml/, /count/],
  ['nomap', 'a map that the object lacks', { manifest: ['map: calls', 'map: cals'] }, 'SONDE_LAYOUT_MAP', /probe\.yaml/, /calls/],
  ['noprogram', 'a program that the object lacks', { manifest: ['program: on_call', 'program: on_cal'] }, 'SONDE_MANIFEST_PROGRAM', /probe\.yaml/, /on_call/],
  ['noparam', 'a param target that the object lacks', { manifest: ['live: limit', 'live: limits'] }, 'SONDE_LAYOUT_GLOBAL', /probe\.yaml/, /limit/],
  ['refused', 'an object that the verifier rejects', { source: ['&entry->count', '(u64 *)entry + 100'] }, 'SONDE_OBJECT_REFUSED|SONDE_NO_PROGRAMS', /on_call/, /invalid access to map value/],
  ['nohook', 'a hook that no kernel has', { manifest: ['program: on_call', 'program: on_call, attach: tp_btf/no_such_hook'] }, 'SONDE_[A-Z_]+', /no_such_hook/, /./],
] as [string, string, Change, string, RegExp, RegExp][])('%s: %s is refused with code, place and hint', async (name, _, change, code, place, hint) => {
  const { problem } = await startChanged(name, change);
  expect(problem).toMatch(new RegExp(`"code":"(${code})"`));
  expect(problem).toMatch(place);
  expect(problem).toMatch(hint);
});

test('a corrupt object is refused', async () => {
  using made = await makePackage('corrupt', manifest.replaceAll('NAME', 'corrupt'), source);
  const object = readFileSync(join(made.path, 'dist/corrupt.bpf.o'));
  made.write('dist/corrupt.bpf.o', object.subarray(0, 700));
  expect((await start('corrupt', made.path)).problem).toContain('SONDE_OBJECT_CORRUPT');
});

test('an object without BTF is refused, and the hint says how to compile it', async () => {
  using made = await makePackage('nobtf', manifest.replaceAll('NAME', 'nobtf'), source);
  await run('llvm-strip', ['--remove-section=.BTF', '--remove-section=.BTF.ext', join(made.path, 'dist/nobtf.bpf.o')]);
  const { problem } = await start('nobtf', made.path);
  expect(problem).toMatch(/SONDE_[A-Z_]+/);
  expect(problem).toContain('BTF');
});

test('a package that was not built, and one that is not there, are told apart', async () => {
  using made = await makePackage('unbuilt', manifest.replaceAll('NAME', 'unbuilt'));
  const { problem } = await start('unbuilt', made.path);
  expect(problem).toContain('SONDE_PACKAGE_FILE_MISSING');
  expect(problem).toContain('sonde-probe build');
  expect((await start('absent', '/nowhere/at/all')).problem).toContain('SONDE_PACKAGE_NOT_FOUND');
});

test('a package that anybody may write to is refused', async () => {
  using made = await makePackage('writable', manifest.replaceAll('NAME', 'writable'), source);
  chmodSync(join(made.path, 'dist/writable.bpf.o'), 0o666);
  expect((await start('writable', made.path)).problem).toContain('SONDE_PACKAGE_WRITABLE');
});

test.each([
  ['a folder above it to which anybody may write', '..', 0, 0o777],
  ['a folder above it of another user', '..', 1, 0o755],
  ['a file that its decoder could import and a foreign group may write', 'dist/helper.js', 0, 0o664],
])('a package with %s is refused', async (_, path, owner, mode) => {
  using folder = temporaryFolder();
  using made = await makePackage('exchanged', manifest.replaceAll('NAME', 'exchanged').replace('params:', 'decoder: dist/decoder.js\nparams:'), source);
  made.write('dist/decoder.js', '');
  made.write('dist/helper.js', '');
  const moved = join(folder.path, 'package');
  renameSync(made.path, moved);
  chownSync(join(moved, path), owner, 1);
  chmodSync(join(moved, path), mode);
  const { problem } = await start('exchanged', moved);
  expect(problem).toContain('SONDE_PACKAGE_WRITABLE');
  expect(problem).toContain(resolve(moved, path));
});

test('a package does not get on the allow list by the name that it gives itself', async () => {
  const text = manifest.replaceAll('NAME', 'claiming').replace('params:', 'decoder: dist/decoder.js\nparams:');
  using made = await makePackage('claiming', text, source);
  made.write('dist/decoder.js', 'export default {};\n');
  made.write('package.json', JSON.stringify({ name: '@sonde/probe-claiming', version: '1.0.0' }));
  expect((await start('claiming', made.path)).problem).toContain('SONDE_DECODER_NOT_ALLOWED');
});

test('a decoder whose package is not on the allow list is refused', async () => {
  const text = manifest.replaceAll('NAME', 'decoding').replace('params:', 'decoder: dist/decoder.js\nparams:');
  using made = await makePackage('decoding', text, source);
  made.write('dist/decoder.js', 'export default {};\n');
  const { problem } = await start('decoding', made.path);
  expect(problem).toMatch(/"code":"SONDE_[A-Z_]+"/);
  expect(problem).toMatch(/allow/);
});
