// SPDX-License-Identifier: Apache-2.0

/** `type` and `config` of perf_event_open(2). */
interface PerfEvent {
  type: number;
  config: number;
}

const PERF_TYPE_HARDWARE = 0;
const PERF_TYPE_SOFTWARE = 1;

/** Generic perf events by group and the names that perf(1) gives them, numbered as in linux/perf_event.h. */
export const perfEvents: Readonly<Record<string, Readonly<Record<string, PerfEvent>>>> = {
  hardware: numbered(PERF_TYPE_HARDWARE, [
    'cpu-cycles',
    'instructions',
    'cache-references',
    'cache-misses',
    'branch-instructions',
    'branch-misses',
    'bus-cycles',
    'stalled-cycles-frontend',
    'stalled-cycles-backend',
    'ref-cycles',
  ]),
  software: numbered(PERF_TYPE_SOFTWARE, [
    'cpu-clock',
    'task-clock',
    'page-faults',
    'context-switches',
    'cpu-migrations',
    'minor-faults',
    'major-faults',
    'alignment-faults',
    'emulation-faults',
  ]),
};

function numbered(type: number, names: readonly string[]): Record<string, PerfEvent> {
  return Object.fromEntries(names.map((name, config) => [name, { type, config }]));
}
