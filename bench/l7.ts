// SPDX-License-Identifier: Apache-2.0
/**
 * What the l7 probe costs, whether it counts all there is, and what memory it takes. Server and loader have a CPU each.
 *
 *   npm run bench -- l7 cost [rounds] [part of a load's name]    throughput and CPU, beside the least that its hooks cost
 *   npm run bench -- l7 complete                                 what was sent, what it counted, what its ledger says
 *   npm run bench -- l7 memory [connections,...]                 memory of the kernel and of the host
 */
import { complete } from './l7/complete.ts';
import { cost } from './l7/cost.ts';
import { memory } from './l7/memory.ts';

const parts: Record<string, (...args: string[]) => Promise<void>> = { cost, complete, memory };
const [name = '', ...args] = process.argv.slice(2);
const part = parts[name];
if (part === undefined) {
  console.error(`Which part? npm run bench -- l7 ${Object.keys(parts).join('|')}`);
  process.exit(2);
}
await part(...args);
