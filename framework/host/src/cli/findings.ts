// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KernelReport } from '../control/types.ts';

/** One thing that the doctor looked at. */
export interface Finding {
  subject: string;
  /** `missing`: probes cannot run; `limited`: some cannot, or something works less well. */
  verdict: 'good' | 'limited' | 'missing';
  found: string;
  /** What to do about it, unless it is good. */
  remedy?: string;
}

/** Capabilities that the host uses, by their number in capability.h, and what for. */
const capabilities = [
  { name: 'CAP_BPF', bit: 39n, use: 'load programs and maps' },
  { name: 'CAP_PERFMON', bit: 38n, use: 'attach to tracepoints and uprobes' },
  { name: 'CAP_SYS_PTRACE', bit: 19n, use: 'read the executables of other users’ processes' },
  { name: 'CAP_SYS_RESOURCE', bit: 24n, use: 'lock map memory on kernels before 5.11' },
];

const initialPidNamespace = 'pid:[4026531836]';

export function judgeNode(version: string): Finding {
  const isNew = Number(version.replace(/^v/, '').split('.')[0]) >= 24;
  return isNew
    ? { subject: 'Node.js', verdict: 'good', found: version }
    : { subject: 'Node.js', verdict: 'missing', found: version, remedy: 'Install Node.js 24 or later.' };
}

/** @param status the text of /proc/self/status; CAP_SYS_ADMIN stands for all others */
export function judgeCapabilities(status: string): Finding {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (bit: bigint): boolean => (effective & (1n << bit)) !== 0n;
  const missing = has(21n) ? [] : capabilities.filter(({ bit }) => !has(bit));
  if (missing.length === 0) return { subject: 'Capabilities', verdict: 'good', found: 'all that are needed' };
  const uses = missing.map(({ name, use }) => `${name} (to ${use})`).join(', ');
  const remedy = `Run as root, or give the service AmbientCapabilities=${missing.map(({ name }) => name).join(' ')}.`;
  return { subject: 'Capabilities', verdict: 'missing', found: `without ${uses}`, remedy };
}

export async function judgePidNamespace(): Promise<Finding> {
  const found = await readlink('/proc/self/ns/pid').catch(() => 'unknown');
  if (found === initialPidNamespace) return { subject: 'Pid namespace', verdict: 'good', found: 'that of the machine' };
  const remedy =
    'Run on the machine itself, or in a container with the pid namespace of the host (Kubernetes: hostPID: true).';
  return { subject: 'Pid namespace', verdict: 'missing', found: 'not that of the machine', remedy };
}

export async function judgeBtf(): Promise<Finding> {
  const size = (await stat('/sys/kernel/btf/vmlinux').catch(() => undefined))?.size;
  if (size !== undefined) return { subject: 'Kernel types (BTF)', verdict: 'good', found: '/sys/kernel/btf/vmlinux' };
  const remedy = 'Use a kernel that was built with CONFIG_DEBUG_INFO_BTF=y; those of the distributions since 2021 are.';
  return { subject: 'Kernel types (BTF)', verdict: 'missing', found: 'no /sys/kernel/btf/vmlinux', remedy };
}

export async function judgeLockdown(): Promise<Finding> {
  const text = await readFile('/sys/kernel/security/lockdown', 'utf8').catch(() => '');
  const mode = /\[(\w+)\]/.exec(text)?.[1] ?? 'none';
  if (mode !== 'confidentiality') return { subject: 'Kernel lockdown', verdict: 'good', found: mode };
  const remedy = 'Boot with lockdown=integrity, or without it: this mode forbids programs to read kernel memory.';
  return { subject: 'Kernel lockdown', verdict: 'missing', found: mode, remedy };
}

export async function judgeJit(): Promise<Finding> {
  const isOn = (await readFile('/proc/sys/net/core/bpf_jit_enable', 'utf8').catch(() => '1')).trim() !== '0';
  return isOn
    ? { subject: 'BPF compiler (JIT)', verdict: 'good', found: 'on' }
    : {
        subject: 'BPF compiler (JIT)',
        verdict: 'limited',
        found: 'off',
        remedy: 'sysctl -w net.core.bpf_jit_enable=1',
      };
}

export async function judgeTracefs(): Promise<Finding> {
  for (const folder of ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']) {
    if (await stat(`${folder}/events`).catch(() => undefined))
      return { subject: 'Tracepoints', verdict: 'good', found: folder };
  }
  const remedy = 'mount -t tracefs tracefs /sys/kernel/tracing';
  return { subject: 'Tracepoints', verdict: 'limited', found: 'tracefs is not mounted', remedy };
}

export async function judgeGroup(name = 'sonde'): Promise<Finding> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  if (groups.split('\n').some((line) => line.startsWith(`${name}:`)))
    return { subject: 'Operators', verdict: 'good', found: `group ${name}` };
  const remedy = `groupadd --system ${name}, and add those who may use the commands`;
  return {
    subject: 'Operators',
    verdict: 'limited',
    found: `no group ${name}: only root can use the commands`,
    remedy,
  };
}

/** What the feature probes of the kernel found: without `ringbuf`, probes cannot run. */
export function judgeFeatures({ features }: KernelReport): Finding[] {
  const named = (wanted: boolean | null): string[] => Object.keys(features).filter((name) => features[name] === wanted);
  const [present, absent, unknown] = [named(true), named(false), named(null)];
  const findings: Finding[] = [{ subject: 'Kernel features', verdict: 'good', found: present.join(', ') || 'none' }];
  if (absent.length > 0) {
    const verdict = absent.includes('ringbuf') ? 'missing' : 'limited';
    const remedy =
      verdict === 'missing'
        ? 'Use kernel 5.8 or later.'
        : 'Probes take other hooks where they name some: see `sonde show <probe>`.';
    findings.push({ subject: 'Kernel features', verdict, found: `without ${absent.join(', ')}`, remedy });
  }
  if (unknown.length > 0) {
    const found = `could not tell ${unknown.join(', ')}`;
    findings.push({ subject: 'Kernel features', verdict: 'limited', found, remedy: 'Run `sonde doctor` as root.' });
  }
  return findings;
}

/** The tools that only the author of a probe needs. */
export async function judgeTools(path = process.env['PATH'] ?? ''): Promise<Finding> {
  const folders = path.split(':');
  const missing = ['clang', 'llvm-strip', 'bpftool'].filter(
    (tool) => !folders.some((folder) => existsSync(join(folder, tool))),
  );
  const subject = 'Tools to build probes';
  if (missing.length === 0) return { subject, verdict: 'good', found: 'clang, llvm-strip, bpftool' };
  const remedy = 'apt-get install clang llvm libbpf-dev bpftool. Running probes needs none of them.';
  return { subject, verdict: 'limited', found: `without ${missing.join(', ')}`, remedy };
}
