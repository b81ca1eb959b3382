// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { systemdUnit } from '../identity/cgroup-table.ts';
import { userName } from '../identity/users.ts';
import { compilePattern, isExpression } from './pattern.ts';
import type { CgroupSelectorKind, PathMatcher, SelectorKind } from './types.ts';

/** Whether one of the patterns matches, by what each is held against. */
function any(patterns: readonly unknown[], test: (pattern: string) => (text: string) => boolean): (text: string) => boolean {
  const tests = patterns.map((pattern) => test(String(pattern)));
  return (text) => tests.some((matches) => matches(text));
}

const pid: SelectorKind = {
  name: 'pid',
  compile(values) {
    const pids = new Set(values.map(Number));
    return (process) => pids.has(process.pid);
  },
};

const executable: SelectorKind = {
  name: 'executable',
  compile(values) {
    const matches = any(values, executablePattern);
    return ({ executable }) => executable !== undefined && matches(executable);
  },
};

function executablePattern(pattern: string): (path: string) => boolean {
  const matches = compilePattern(pattern);
  return isExpression(pattern) || pattern.includes('/') ? matches : (path) => matches(basename(path));
}

const command: SelectorKind = {
  name: 'command',
  compile(values) {
    const matches = any(values, compilePattern);
    return ({ commandLine }) => commandLine !== undefined && matches(commandLine);
  },
};

const user: SelectorKind = {
  name: 'user',
  compile(values) {
    const users = new Set(values.map(String));
    return ({ userId }) => userId !== undefined && (users.has(String(userId)) || users.has(userName(userId) ?? ''));
  },
};

/** The selectors that look at the process itself. */
export const processSelectors: readonly SelectorKind[] = [pid, executable, command, user];

const cgroup: CgroupSelectorKind = {
  name: 'cgroup',
  compile: (values) => any(values, compilePattern),
};

const unit: CgroupSelectorKind = {
  name: 'unit',
  compile(values) {
    const matches = any(values, compilePattern);
    return (path) => {
      const name = systemdUnit(path);
      return name !== undefined && matches(name);
    };
  },
};

/** The selectors that look at the cgroup itself. */
export const cgroupSelectors: readonly CgroupSelectorKind[] = [cgroup, unit];

/** Makes a test of one path into a test of a path and all above it, as the kernel looks at cgroups. */
export function matchesUpwards(matches: PathMatcher): PathMatcher {
  return (path) => {
    for (let above = path; above !== ''; above = above.slice(0, above.lastIndexOf('/'))) if (matches(above)) return true;
    return matches('/');
  };
}
