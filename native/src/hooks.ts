// SPDX-License-Identifier: Apache-2.0
import { addon } from './addon.ts';
import { features, kallsyms } from './kernel.ts';
import type { HookStatus } from './types.ts';

/** What a section name needs of the kernel. */
type Need =
  | { btf: string; kind: 'typedef' | 'function'; fentry?: boolean }
  | { tracepoint: string }
  | { kprobe: string }
  | undefined;

/**
 * Says for each section name (`tp_btf/…`, `tracepoint/<category>/<name>`, `fentry/…`, `kprobe/…`, `iter/…`, …) whether
 * this kernel has that hook, so that a program need not be loaded to find out.
 * @throws `NO_KERNEL_BTF` and `READ` (tracefs), if a hook is asked for that only these can tell
 */
export async function findHooks(sections: readonly string[]): Promise<HookStatus[]> {
  const needs = sections.map(needOf);
  const known = await findAll(needs);
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
      return { btf: `bpf_iter_${target.split(':')[0]}`, kind: 'function' };
    case 'kprobe': case 'kretprobe':
      return { kprobe: target };
    default:
      return undefined;
  }
}

/** By name: whether BTF or tracefs has it. */
async function findAll(needs: readonly Need[]): Promise<ReadonlyMap<string, boolean>> {
  const typedefs = needs.flatMap((need) => (need && 'btf' in need && need.kind === 'typedef' ? [need.btf] : []));
  const functions = needs.flatMap((need) => (need && 'btf' in need && need.kind === 'function' ? [need.btf] : []));
  const tracepoints = needs.flatMap((need) => (need && 'tracepoint' in need ? [need.tracepoint] : []));
  const [types, events] = await Promise.all([
    typedefs.length + functions.length > 0 ? addon.kernel.findTypes(typedefs, functions) : [],
    tracepoints.length > 0 ? addon.kernel.findTracepoints(tracepoints) : [],
  ]);
  const found = [...types, ...events];
  return new Map([...typedefs, ...functions, ...tracepoints].map((name, index) => [name, found[index] === true]));
}

async function statusOf(section: string, need: Need, known: ReadonlyMap<string, boolean>): Promise<HookStatus> {
  if (!need) return { section, available: undefined };
  if ('kprobe' in need) return { section, ...(await kprobeStatus(need.kprobe)) };
  if ('tracepoint' in need) {
    const available = known.get(need.tracepoint) === true;
    return available ? { section, available } : { section, available, reason: `this kernel has no tracepoint ${need.tracepoint}` };
  }
  if (!known.get(need.btf)) return { section, available: false, reason: `this kernel's BTF has no ${need.btf}` };
  if (need.fentry && (await features()).fentry === false) {
    return { section, available: false, reason: 'this kernel refuses fentry and fexit programs' };
  }
  return { section, available: true };
}

async function kprobeStatus(target: string): Promise<Omit<HookStatus, 'section'>> {
  const { kprobe } = await features();
  if (kprobe === false) return { available: false, reason: 'this kernel has no kprobes' };
  if (kprobe === undefined) return { available: undefined };
  const found = (await kallsyms()).address(target) !== undefined;
  return found ? { available: true } : { available: false, reason: `this kernel has no function ${target}` };
}
