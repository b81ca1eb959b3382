// SPDX-License-Identifier: Apache-2.0
import { systemdUnit } from './cgroup-table.ts';
import type { ProcessFacts } from './types.ts';
import { userName } from './users.ts';

/**
 * The process's own labels, by OpenTelemetry's names where there is one. What is not known, or does not exist (a kernel
 * thread's executable), is left out.
 *
 * @param bootTime what to add to nanoseconds since boot to get nanoseconds since 1970
 */
export function* processLabels(
  process: ProcessFacts,
  bootTime: number,
  cgroupPath: string | undefined,
): Iterable<[string, string | number]> {
  yield ['process.pid', process.pid];
  yield ['process.creation.time', new Date((process.start + bootTime) / 1e6).toISOString()];
  if (process.executable !== undefined) {
    yield ['process.executable.name', process.executable.slice(process.executable.lastIndexOf('/') + 1)];
    yield ['process.executable.path', process.executable];
  }
  if (process.command) yield ['process.command', process.command];
  if (process.commandLine) yield ['process.command_line', process.commandLine];
  if (process.comm) yield ['process.title', process.comm];
  if (process.parentPid) yield ['process.parent_pid', process.parentPid];
  if (process.namespacePid !== undefined) yield ['process.vpid', process.namespacePid];
  if (process.userId !== undefined) {
    yield ['process.user.id', process.userId];
    const owner = userName(process.userId);
    if (owner !== undefined) yield ['process.owner', owner];
  }
  if (cgroupPath !== undefined) {
    yield ['process.linux.cgroup', cgroupPath];
    const unit = systemdUnit(cgroupPath);
    if (unit !== undefined) yield ['systemd.unit', unit];
  }
}
