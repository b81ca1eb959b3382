// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Ends what still runs in a cgroup and below, in every hierarchy, and takes the cgroup away. @param path such as `/docker` */
export async function removeCgroups(path: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const directories = globSync(`/sys/fs/cgroup{,/*}${path}{,/**}/`).sort((a, b) => b.length - a.length);
    if (directories.length === 0) return;
    for (const directory of directories) {
      killAll(directory);
      try {
        rmdirSync(directory);
      } catch {
        // someone is still in there: the next round finds it empty
      }
    }
    await sleep(50);
  }
}

function killAll(directory: string): void {
  const list = `${directory.replace(/\/$/, '')}/cgroup.procs`;
  if (!existsSync(list)) return;
  for (const pid of readFileSync(list, 'utf8').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}
