// SPDX-License-Identifier: Apache-2.0

/** `type` and `config` of perf_event_open(2), by the names that `perf list` uses. */
export const PERF_EVENTS = {
  hardware: {
    type: 0,
    config: {
      'cpu-cycles': 0, 'instructions': 1, 'cache-references': 2, 'cache-misses': 3, 'branch-instructions': 4,
      'branch-misses': 5, 'bus-cycles': 6, 'stalled-cycles-frontend': 7, 'stalled-cycles-backend': 8, 'ref-cycles': 9,
    },
  },
  software: {
    type: 1,
    config: {
      'cpu-clock': 0, 'task-clock': 1, 'page-faults': 2, 'context-switches': 3, 'cpu-migrations': 4, 'minor-faults': 5,
      'major-faults': 6, 'alignment-faults': 7, 'emulation-faults': 8, 'cgroup-switches': 11,
    },
  },
} as const;
