// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { systemdUnit } from '../../src/identity/cgroup-table.ts';

test.each([
  ['/system.slice/nginx.service', 'nginx.service'],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service', 'user@1000.service'],
  ['/user.slice/user-0.slice/session-3.scope', 'session-3.scope'],
  ['/system.slice/docker-0123.scope', 'docker-0123.scope'],
  ['/init.scope', 'init.scope'],
  ['/', undefined],
  ['/system.slice', undefined],
  ['/docker/0123', undefined],
  ['/kubepods/pod1/x.service', undefined],
])('the cgroup %s is of the unit %s', (path, unit) => {
  expect(systemdUnit(path)).toBe(unit);
});
