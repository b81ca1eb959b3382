// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { run } from './child.ts';
import { findTool } from './tools.ts';

/** Kernel ids of BPF things. */
export interface BpfIds {
  programs: Set<number>;
  maps: Set<number>;
  links: Set<number>;
}

/** All BPF programs, maps and links of this machine. Others may load and unload theirs meanwhile: see `bpfHeldBy`. */
export async function bpfSnapshot(): Promise<BpfIds> {
  const [programs, maps, links] = await Promise.all(['prog', 'map', 'link'].map(list));
  return { programs: ids(programs), maps: ids(maps), links: ids(links) };
}

/** The BPF programs, maps and links that a process keeps alive: by its file descriptors, and the maps that its programs use. */
export async function bpfHeldBy(pid: number): Promise<BpfIds> {
  const held: BpfIds = { programs: new Set(), maps: new Set(), links: new Set() };
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const info = bpfInfo(pid, fd);
    if (info['link_id'] !== undefined) held.links.add(info['link_id']);
    else if (info['map_id'] !== undefined) held.maps.add(info['map_id']);
    if (info['prog_id'] !== undefined) held.programs.add(info['prog_id']);
  }
  for (const program of await list('prog')) {
    if (held.programs.has(program.id)) program.map_ids?.forEach((map) => held.maps.add(map));
  }
  return held;
}

/** Which of these still exist. */
export async function stillThere(ids: BpfIds): Promise<string[]> {
  const now = await bpfSnapshot();
  const left = (kind: keyof BpfIds): string[] => [...ids[kind]].filter((id) => now[kind].has(id)).map((id) => `${kind} ${id}`);
  return [...left('programs'), ...left('maps'), ...left('links')];
}

/** What `after` has more than `before`. */
export function added(before: BpfIds, after: BpfIds): string[] {
  const more = (kind: keyof BpfIds): string[] => [...after[kind].difference(before[kind])].map((id) => `${kind} ${id}`);
  return [...more('programs'), ...more('maps'), ...more('links')];
}

interface Listed {
  id: number;
  map_ids?: number[];
}

async function list(kind: string): Promise<Listed[]> {
  return JSON.parse(await run(findTool('bpftool'), ['-j', kind, 'show'])) as Listed[];
}

function ids(listed: Listed[] = []): Set<number> {
  return new Set(listed.map(({ id }) => id));
}

/** The numbers in the fdinfo of a descriptor that is a BPF thing; empty for any other, and for one that is closed by now. */
function bpfInfo(pid: number, fd: string): Record<string, number> {
  try {
    if (!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('anon_inode:')) return {};
    const lines = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').split('\n');
    return Object.fromEntries(lines.map((line) => line.split(':')).map(([key = '', value]) => [key, Number(value)]));
  } catch {
    return {};
  }
}
