// SPDX-License-Identifier: Apache-2.0
import type { AttachSpec } from '@sonde/native';
import { perfEvents } from './perf-events.ts';

/** Where an attach string says that a program attaches. */
export interface AttachPoint {
  /** The word before the slash: `tp_btf`, `uprobe`, … */
  type: string;
  /** For `BpfObject.attach`. */
  spec: AttachSpec;
  /** For `BpfObject.setAttachTarget`, before loading: the tracepoint or function of tp_btf, fentry and fexit. */
  target?: string;
  /** An iterator is not attached but run. */
  iterator?: {
    /** The map that it walks. */
    map?: string;
  };
}

/** Why an attach string is none: what would be right. */
export interface AttachProblem {
  rule: string;
  /** The words before the slash, where that is what is wrong. */
  types?: string[];
}

/** Types whose strings may hold `${param}`. */
export const parametrisedTypes: readonly string[] = ['uprobe', 'uretprobe', 'usdt', 'perf_event'];

/**
 * Parses an attach string in which no `${param}` is left; see `attach` in the manifest reference for the grammar.
 * @param pid for uprobes and USDT: only this process
 */
export function parseAttach(text: string, pid?: number): AttachPoint | AttachProblem {
  const slash = text.indexOf('/');
  const type = slash < 0 ? text : text.slice(0, slash);
  const parser = parsers[type];
  if (!parser) return { rule: 'it must begin with the type of a hook and a slash', types: Object.keys(parsers) };
  const rest = slash < 0 ? '' : text.slice(slash + 1);
  const parsed = parser.parse(rest, pid === undefined ? {} : { pid });
  return parsed ? { type, ...parsed } : { rule: `it must be ${type}/${parser.form}` };
}

/** Replaces `${param}` by the values of the params; unknown ones stay. */
export function fillAttach(text: string, values: Readonly<Record<string, boolean | number | string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Names of the params that stand in an attach string. */
export function attachParams(text: string): string[] {
  return [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
}

type Pid = { pid?: number };
type Parsed = Omit<AttachPoint, 'type'> | undefined;
interface Parser {
  form: string;
  parse(rest: string, pid: Pid): Parsed;
}

const parsers: Record<string, Parser> = {
  tracepoint: { form: '<category>/<name>', parse: tracepoint },
  raw_tp: { form: '<name>', parse: rawTracepoint },
  tp_btf: { form: '<name>', parse: target },
  fentry: { form: '<function>', parse: target },
  fexit: { form: '<function>', parse: target },
  iter: { form: '<name>[:<map>]', parse: iterator },
  kprobe: { form: '<function>[+<offset>]', parse: (rest) => kprobe(rest, false) },
  kretprobe: { form: '<function>', parse: (rest) => kprobe(rest, true) },
  uprobe: { form: '<binary>:<symbol or offset>', parse: (rest, pid) => uprobe(rest, pid, false) },
  uretprobe: { form: '<binary>:<symbol or offset>', parse: (rest, pid) => uprobe(rest, pid, true) },
  usdt: { form: '<binary>:<provider>:<name>', parse: usdt },
  perf_event: { form: '<software or hardware>:<event>@<frequency>Hz', parse: perfEvent },
};

function tracepoint(rest: string): Parsed {
  const [, category, name] = /^(\w+)\/(\w+)$/.exec(rest) ?? [];
  return category && name ? { spec: { kind: 'tracepoint', category, name } } : undefined;
}

function rawTracepoint(rest: string): Parsed {
  return /^\w+$/.test(rest) ? { spec: { kind: 'raw_tracepoint', name: rest } } : undefined;
}

function target(rest: string): Parsed {
  return /^[\w.]+$/.test(rest) ? { spec: { kind: 'auto' }, target: rest } : undefined;
}

function iterator(rest: string): Parsed {
  const [, name, map] = /^(\w+)(?::(\w+))?$/.exec(rest) ?? [];
  return name ? { spec: { kind: 'auto' }, target: name, iterator: { ...(map && { map }) } } : undefined;
}

function kprobe(rest: string, retprobe: boolean): Parsed {
  const [, name, offset] = /^([\w.]+)(?:\+(0x[\da-f]+|\d+))?$/i.exec(rest) ?? [];
  if (!name || (retprobe && offset)) return undefined;
  return {
    spec: { kind: 'kprobe', function: name, ...(offset && { offset: Number(offset) }), ...(retprobe && { retprobe }) },
  };
}

function uprobe(rest: string, pid: Pid, retprobe: boolean): Parsed {
  const [, binary, place = ''] = /^(.+):([^:]+)$/.exec(rest) ?? [];
  const [, symbol, fromSymbol, inFile] =
    /^(?:([A-Z_$][\w.$@]*)(?:\+(0x[\da-f]+|\d+))?|\+?(0x[\da-f]+|\d+))$/i.exec(place) ?? [];
  const offset = fromSymbol ?? inFile;
  if (!binary || (symbol === undefined && offset === undefined)) return undefined;
  const where = { ...(symbol && { symbol }), ...(offset && { offset: Number(offset) }) };
  return { spec: { kind: 'uprobe', binary, ...where, ...pid, ...(retprobe && { retprobe }) } };
}

function usdt(rest: string, pid: Pid): Parsed {
  const [, binary, provider, name] = /^(.+):(\w+):(\w+)$/.exec(rest) ?? [];
  return binary && provider && name ? { spec: { kind: 'usdt', binary, provider, name, ...pid } } : undefined;
}

function perfEvent(rest: string): Parsed {
  const [, group, name, frequency] = /^(\w+):([\w-]+)@(\d+)Hz$/.exec(rest) ?? [];
  const event = group && name ? perfEvents[group]?.[name] : undefined;
  return event && Number(frequency) > 0
    ? { spec: { kind: 'perf_event', ...event, frequency: Number(frequency) } }
    : undefined;
}
