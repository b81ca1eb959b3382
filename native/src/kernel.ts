// SPDX-License-Identifier: Apache-2.0
import { addon, type KallsymsHandle } from './addon.ts';
import type { ClockOffset, Kallsyms, KernelFeatures, KernelStats, KernelSymbol } from './types.ts';

let conclusive: Promise<KernelFeatures> | undefined;

/** What this kernel can do. Tried once; again only while something could not be told for want of privileges. */
export async function features(): Promise<KernelFeatures> {
  conclusive ??= addon.kernel.features();
  const found = await conclusive;
  if (Object.values(found).includes(undefined)) conclusive = undefined;
  return found;
}

/**
 * The names of an enum of the running kernel by their numbers, such as the reasons for which it drops packets, which
 * differ from one kernel to the next. Empty if it has no such enum. @throws `NO_KERNEL_BTF`
 */
export async function kernelEnum(name: string): Promise<ReadonlyMap<number, string>> {
  return new Map((await addon.kernel.enumMembers(name)).map(([member, value]) => [value, member]));
}

/** Turns on run statistics of all BPF programs of the machine until closed. Kernel 5.8. @throws `UNSUPPORTED`, `PERMISSION` */
export function enableStats(): KernelStats {
  const handle = addon.kernel.enableStats();
  return { close: () => addon.kernel.disableStats(handle) };
}

/** Reads the kernel's functions. @throws `PERMISSION` if the kernel hides their addresses */
export async function kallsyms(): Promise<Kallsyms> {
  return new FunctionTable(await addon.kernel.kallsyms());
}

/** CPUs that may ever come online: the number of lanes in a value of a per-CPU map. */
export function possibleCpus(): number {
  return addon.kernel.possibleCpus();
}

/** Taken anew at each call: the wall clock may be set. */
export function clockOffset(): ClockOffset {
  return addon.kernel.clockOffset();
}

class FunctionTable implements Kallsyms {
  readonly #handle: KallsymsHandle;

  constructor(handle: KallsymsHandle) {
    this.#handle = handle;
  }

  get size(): number {
    return addon.kernel.kallsymsSize(this.#handle);
  }

  lookup(address: bigint): KernelSymbol | undefined {
    return addon.kernel.kallsymsLookup(this.#handle, address);
  }

  address(name: string): bigint | undefined {
    return addon.kernel.kallsymsAddress(this.#handle, name);
  }
}
