// SPDX-License-Identifier: Apache-2.0
import type { RestProbe } from '../harness/host.ts';
import type { Report } from './guest/main.ts';

const HEAD = `# What each kernel gives

Written by \`npm run test:kernels -- -u\` from what was attached when Debian's kernels ran the probes; [kernels](../kernels.md) says what
that means for the metrics. A hook is the first alternative of a task that this kernel took.
`;

/** The page of tables: for each probe, a row for each task and a column for each kernel. */
export function kernelTables(reports: ReadonlyMap<string, Report>): string {
  const [first] = reports.values();
  const probes = Object.keys(first?.probes ?? {});
  return [HEAD, ...probes.map((probe) => tableOf(probe, reports))].join('\n');
}

function tableOf(probe: string, reports: ReadonlyMap<string, Report>): string {
  const kernels = [...reports.keys()];
  const columns = [...reports.values()].map(({ probes }) => probes[probe]?.programs ?? []);
  /** Task and cells → the collectors that have just these. */
  const rows = new Map<string, { task: string; collectors: string[]; cells: string[] }>();
  for (const { collector, task } of columns[0] ?? []) {
    const cells = columns.map((programs) => cellOf(programs.find((each) => each.collector === collector && each.task === task)));
    const key = [task, ...cells].join();
    const row = rows.get(key) ?? { task, collectors: [], cells };
    row.collectors.push(collector);
    rows.set(key, row);
  }
  const head = ['Task', 'Collectors', ...kernels];
  const lines = [...rows.values()].map(({ task, collectors, cells }) => [task, collectors.join(', '), ...cells]);
  return `## ${probe}\n\n${[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function cellOf(program: RestProbe['programs'][number] | undefined): string {
  return program?.state === 'attached' ? `\`${program.attach}\`` : '—';
}
