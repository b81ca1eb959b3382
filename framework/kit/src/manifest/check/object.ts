// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '../../errors/index.ts';
import type { Alternative, Manifest, Param, Task } from '../generated/types.ts';
import type { ManifestFile } from '../load.ts';
import { collectorSwitch, paramBytes, paramTarget } from '../param-target.ts';
import { paramValue } from '../params.ts';
import type { ObjectInfo } from '../source-layout.ts';
import { taskAlternatives, tasks } from './collectors.ts';
import { alternatives, Findings, type At } from './findings.ts';
import { checkRecords } from './records.ts';

/**
 * Checks everything in a manifest that names something in its objects: programs, of which each must be in one of them,
 * and maps, rings, structs, fields and globals, which must be in each.
 * @returns what is wrong, each with its place; empty if the manifest and the objects fit
 */
export function checkManifest(source: ManifestFile, objects: readonly ObjectInfo[]): SondeError[] {
  if (objects.length === 0) return [];
  const findings = new Findings(source);
  checkPrograms(source.manifest, objects, findings);
  const others = objects.map((object) => problemsOfRecords(source, object)).find((problems) => problems.length > 0);
  return [...findings.list, ...(others ?? [])];
}

function problemsOfRecords(source: ManifestFile, object: ObjectInfo): SondeError[] {
  const findings = new Findings(source);
  checkKeep(source.manifest, object, findings);
  checkParamTargets(source.manifest, object, findings);
  checkCollectorSwitches(source.manifest, object, findings);
  checkRecords(source.manifest, object, findings);
  return findings.list;
}

function checkPrograms(manifest: Manifest, objects: readonly ObjectInfo[], findings: Findings): void {
  const programs = objects.flatMap((object) => object.programs);
  for (const { task, name, at: taskAt } of tasks(manifest)) {
    for (const { alternative, at } of taskAlternatives(task, taskAt)) checkProgram(alternative, programs, at, findings);
    checkRun(task, name, programs, taskAt, findings);
  }
}

type Programs = ObjectInfo['programs'];

function checkRun(task: Task, name: string, programs: Programs, at: At, findings: Findings): void {
  if (task.run === undefined) return;
  const [first] = taskAlternatives(task, at);
  const program = programs.find((each) => each.name === first?.alternative.program);
  if (program === undefined || hookType(program.section) === 'iter') return;
  const problem = `only an iterator is run; ${program.name} is compiled for SEC("${program.section}")`;
  findings.add('SONDE_MANIFEST_TASK', { task: name, problem }, [...at, 'run']);
}

function checkProgram({ program, attach }: Alternative, programs: Programs, at: At, findings: Findings): void {
  const found = programs.find(({ name }) => name === program);
  if (!found) {
    const values = {
      program,
      ...alternatives(
        program,
        [...new Set(programs.map(({ name }) => name))],
      ),
    };
    findings.add('SONDE_MANIFEST_PROGRAM', values, [...at, 'program']);
    return;
  }
  const section = hookType(found.section);
  if (attach === undefined) {
    if (found.section.includes('/')) return;
    const rule = `SEC("${found.section}") of ${program} does not say where, so 'attach' must`;
    findings.add('SONDE_MANIFEST_ATTACH', { attach: found.section, rule }, at);
  } else if (hookType(attach) !== section) {
    const rule = `${program} is compiled for SEC("${found.section}")`;
    findings.add('SONDE_MANIFEST_ATTACH', { attach, rule }, [...at, 'attach']);
  }
}

/** Hooks that one compiled program can serve have the same name here. */
function hookType(section: string): string {
  const word = /^\??([\w]+)/.exec(section)?.[1] ?? '';
  const shared: Record<string, string> = {
    tracepoint: 'tp',
    raw_tracepoint: 'raw_tp',
    kprobe: 'probe',
    kretprobe: 'probe',
    uprobe: 'probe',
    uretprobe: 'probe',
    usdt: 'usdt',
  };
  return shared[word] ?? word;
}

function checkKeep({ keep = [] }: Manifest, { maps }: ObjectInfo, findings: Findings): void {
  const known = maps.map(({ name }) => name);
  for (const [index, map] of keep.entries()) {
    if (known.includes(map)) continue;
    findings.add('SONDE_LAYOUT_MAP', { kind: 'map', map, ...alternatives(map, known) }, ['keep', index]);
  }
}

function checkParamTargets({ params = {} }: Manifest, object: ObjectInfo, findings: Findings): void {
  for (const [name, param] of Object.entries(params)) {
    const at = ['params', name, param.live === undefined ? 'load' : 'live'];
    const problem = findings.try(at, () => targetProblem(param, object));
    if (problem) findings.add('SONDE_MANIFEST_PARAM', { param: name, problem }, at);
  }
}

function checkCollectorSwitches({ collectors }: Manifest, object: ObjectInfo, findings: Findings): void {
  for (const [name, { live }] of Object.entries(collectors)) {
    if (live === undefined) continue;
    const at = ['collectors', name, 'live'];
    const problem = findings.try(at, () => targetProblem(collectorSwitch(live), object));
    if (problem) findings.add('SONDE_MANIFEST_PARAM', { param: name, problem }, at);
  }
}

function targetProblem(param: Param, object: ObjectInfo): string | undefined {
  const target = paramTarget(object, param);
  if (target.kind === 'map' && param.type !== 'integer' && param.type !== 'bytes') {
    return 'the size of a map is an integer, that of a ring a number of bytes';
  }
  if (target.kind !== 'global') return undefined;
  if (param.live !== undefined && target.global.section.startsWith('.rodata')) {
    return `${target.global.name} is constant once loaded: say 'load', or make it 'volatile' without 'const'`;
  }
  for (const input of [param.default, param.minimum, param.maximum]) {
    const { value } = input === undefined ? {} : paramValue(param, input);
    if (value !== undefined) paramBytes(param, target.field, value);
  }
  return undefined;
}
