// SPDX-License-Identifier: Apache-2.0
import { defineDecoder, NO_PROCESS } from '@sonde/kit/decoder';

/** `enum record_kind` of bpf/execs.bpf.c. */
const EXEC = 0;

export default defineDecoder(({ layout, params }) => {
  const exec = layout('exec_record');
  const execProcess = exec.offset('process');
  const argumentsOf = exec.number('arguments');
  const commandLength = exec.number('command_length');
  const floodProcess = layout('flood_record').offset('process');

  /** The arguments that came with a record. */
  const commandOf = (view: DataView, record: number): string[] => {
    const bytes = Buffer.from(view.buffer, view.byteOffset + record + exec.size, commandLength(view, record));
    return bytes.toString('utf8').replace(/\0$/, '').split('\0');
  };

  return {
    onRecords(batch, emit) {
      while (batch.next()) {
        const { view, offset, kind, time, weight } = batch;
        if (kind !== EXEC) {
          const flood = emit.entity('exec.flood', emit.process(view, offset + floodProcess));
          emit.add(flood, 'exec.flood.records', weight);
          continue;
        }
        const command = commandOf(view, offset);
        const count = argumentsOf(view, offset);
        const process = emit.process(view, offset + execProcess);
        const program = emit.entity('exec.program', process, [baseName(command[0] ?? '')]);
        emit.add(program, 'exec.calls', weight);
        emit.observe(emit.entity('exec.machine', NO_PROCESS), 'exec.arguments', count, weight);
        if (params.reportExecs === true) {
          const attributes = { 'exec.arguments': count, 'exec.command_line': command.join(' ') };
          emit.event('proc.exec', { time, process, attributes });
        }
      }
    },
  };
});

/** The last part of a path, without the dash of a login shell. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/^-/, '');
}
