// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '@sonde/native';
import { fieldOffsets } from '../../framework/host/dist/identity/record-layout.js';

/** What the walk would say of so many processes, each with a path and a command line of its own. */
export function fabricateWalk(btf: Btf, count: number): Uint8Array {
  const exec = fieldOffsets(btf, 'host_exec', ['process', 'facts', 'path_size', 'command_size', 'text']);
  const facts = fieldOffsets(btf, 'host_facts', ['parent_tgid', 'namespace_tgid', 'cgroup', 'comm']);
  const records = Array.from({ length: count }, (_, i) => {
    const path = Buffer.from(`server-${i % 500}\0bin\0local\0usr\0`);
    const command = Buffer.from(`/usr/local/bin/server-${i % 500}\0--config\0/etc/server/${i}.yaml\0--port\0:${i}\0`);
    const record = Buffer.alloc(exec.text + path.length + command.length);
    record.writeUInt32LE(1_000_000 + i, exec.process);
    record.writeUInt32LE(1, exec.process + 4);
    record.writeBigUInt64LE(BigInt(1e12 + i * 1e6), exec.process + 8);
    record.writeUInt32LE(2, exec.facts + facts.parent_tgid);
    record.writeUInt32LE(i + 1, exec.facts + facts.namespace_tgid);
    record.writeBigUInt64LE(1n, exec.facts + facts.cgroup);
    record.write('server\0', exec.facts + facts.comm);
    record.writeUInt32LE(path.length, exec.path_size);
    record.writeUInt32LE(command.length, exec.command_size);
    path.copy(record, exec.text);
    command.copy(record, exec.text + path.length);
    return record;
  });
  return Buffer.concat(records);
}
