// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises';

import { addon } from './addon.ts';
import { features, kallsyms } from './kernel.ts';
import type { HookStatus } from './types.ts';

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** What a section name needs of the kernel. */
type Need =
  | { btf: string; kind: 'typedef' | 'function'; fentry?: boolean }
  | { tracepoint: string }
  | { kprobe: string }
  | undefined;

/**
 * Says for each section name (`tp_btf/…`, `tracepoint/<category>/<name>`, `fentry/…`, `kprobe/…`, `iter/…`, …) whether
 * this kernel has that hook, so that a program need not be loaded to find out.
 * @throws `NO_KERNEL_BTF`, if a hook is asked for that only BTF can tell
 */
export async function findHooks(sections: readonly string[]): Promise<HookStatus[]> {
  const needs = sections.map(needOf);
  const known = await findTypes(needs);
  return Promise.all(sections.map(async (section, index) => statusOf(section, needs[index], known)));
}

function needOf(section: string): Need {
  const [program, ...rest] = section.split('/');
  const target = rest.join('/').split('+')[0] ?? '';
  switch (program) {
    case 'tp_btf':
    case 'raw_tp': case 'raw_tracepoint': case 'raw_tp.w': case 'raw_tracepoint.w':
      return { btf: `btf_trace_${target}`, kind: 'typedef' };
    case 'tp': case 'tracepoint':
      return { tracepoint: target };
    case 'fentry': case 'fexit': case 'fmod_ret': case 'fentry.s': case 'fexit.s': case 'fmod_ret.s':
      return { btf: target, kind: 'function', fentry: true };
    case 'iter': case 'iter.s':
      return { btf: `bpf_iter_${target}`, kind: 'function' };
    case 'kprobe': case 'kretprobe':
      return { kprobe: target };
    default:
      return undefined;
  }
}

async function findTypes(needs: readonly Need[]): Promise<ReadonlyMap<string, boolean>> {
  const typedefs = needs.flatMap((need) => (need && 'btf' in need && need.kind === 'typedef' ? [need.btf] : []));
  const functions = needs.flatMap((need) => (need && 'btf' in need && need.kind === 'function' ? [need.btf] : []));
  if (typedefs.length + functions.length === 0) return new Map();
  const found = await addon.kernel.findTypes(typedefs, functions);
  return new Map([...typedefs, ...functions].map((name, index) => [name, found[index] === true]));
}

async function statusOf(section: string, need: Need, known: ReadonlyMap<string, boolean>): Promise<HookStatus> {
  if (!need) return { section, available: undefined };
  if ('tracepoint' in need) {
    const available = await hasTracepoint(need.tracepoint);
    return available === false ? { section, available, reason: `no tracepoint ${need.tracepoint}` } : { section, available };
  }
  if ('kprobe' in need) return { section, ...(await kprobeStatus(need.kprobe)) };
  if (!known.get(need.btf)) return { section, available: false, reason: `this kernel's BTF has no ${need.btf}` };
  if (need.fentry && (await features()).fentry === false) {
    return { section, available: false, reason: 'this kernel refuses fentry and fexit programs' };
  }
  return { section, available: true };
}

/** `undefined` if no tracefs is mounted that could tell. */
async function hasTracepoint(target: string): Promise<boolean | undefined> {
  for (const root of TRACEFS) {
    if (await exists(`${root}/events/${target}/id`)) return true;
    if (await exists(`${root}/events`)) return false;
  }
  return undefined;
}

async function kprobeStatus(target: string): Promise<Omit<HookStatus, 'section'>> {
  const { kprobe } = await features();
  if (kprobe === false) return { available: false, reason: 'this kernel has no kprobes' };
  if (kprobe === undefined) return { available: undefined };
  const found = (await kallsyms()).address(target) !== undefined;
  return found ? { available: true } : { available: false, reason: `this kernel has no function ${target}` };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
