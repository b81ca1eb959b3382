// SPDX-License-Identifier: Apache-2.0

/** What this kernel can do, found by trying. `undefined`: it could not be told (for want of privileges). */
export interface KernelFeatures {
  /** The kernel exposes its BTF at /sys/kernel/btf/vmlinux. */
  btf: boolean;
  /** Batched reads of hash maps. */
  batchOps: boolean | undefined;
  /** Batched reads of per-CPU arrays. */
  percpuArrayBatchOps: boolean | undefined;
  ringbuf: boolean | undefined;
  /** `bpf_get_attach_cookie()` on perf links. */
  perfLink: boolean | undefined;
  uprobe: boolean | undefined;
  uprobeMulti: boolean | undefined;
  kprobe: boolean | undefined;
  kprobeMulti: boolean | undefined;
  /** Programs of type `fentry` and `fexit` can be loaded and attached. */
  fentry: boolean | undefined;
  /** Run statistics by `BPF_ENABLE_STATS`. */
  runStats: boolean | undefined;
  /** By libbpf's name of the program type. */
  programTypes: Readonly<Record<string, boolean | undefined>>;
  /** By libbpf's name of the map type. */
  mapTypes: Readonly<Record<string, boolean | undefined>>;
}

/** Whether this kernel has what a section name asks for. */
export interface HookStatus {
  /** As asked, e.g. `tp_btf/sock_send_length`. */
  section: string;
  /** `undefined`: only attaching will tell (uprobes, USDT, perf events, unknown section names). */
  available: boolean | undefined;
  /** Why not, in a few words. */
  reason?: string;
}

/** Keeps BPF run statistics on (about 60 ns a run) until closed. */
export interface KernelStats {
  close(): void;
}

export interface KernelSymbol {
  name: string;
  /** Bytes from the start of the symbol. */
  offset: number;
  /** Absent for the kernel proper. */
  module?: string;
}

/** The kernel's symbols as they were when read. */
export interface Kallsyms {
  readonly size: number;
  /** The function that an address lies in. */
  lookup(address: bigint): KernelSymbol | undefined;
  address(name: string): bigint | undefined;
}

/** What to add to a kernel clock to get wall-clock time, in ns. Beyond 2^53, so rounded to 256 ns or less. */
export interface ClockOffset {
  /** CLOCK_REALTIME − CLOCK_MONOTONIC */
  monotonic: number;
  /** CLOCK_REALTIME − CLOCK_BOOTTIME */
  boottime: number;
}

export interface ElfSymbol {
  name: string;
  /** Virtual address in the file. */
  address: number;
  /** What a uprobe takes; absent if no loaded segment holds the symbol. */
  fileOffset?: number;
  size: number;
  type: 'func' | 'object' | 'other';
}
