// SPDX-License-Identifier: Apache-2.0
import { getSystemErrorName } from 'node:util';

/**
 * - `NOT_FOUND` there is no such file
 * - `CORRUPT` the file is no BPF object (or no ELF file) that can be used
 * - `PERMISSION` the process lacks a capability (CAP_BPF, CAP_PERFMON, …; before 5.8 CAP_SYS_ADMIN)
 * - `NO_KERNEL_BTF` the kernel exposes no BTF, or the given BTF file is none
 * - `LOAD` the kernel refused a program or map, or lacks what it refers to
 * - `ATTACH` the kernel refused to attach, or has no such hook
 * - `UNSUPPORTED` the kernel lacks the feature altogether
 * - `MAP` a map operation failed
 * - `READ` a kernel file or iterator could not be read
 * - `UNKNOWN_PROGRAM`, `UNKNOWN_MAP`, `UNKNOWN_GLOBAL`, `UNKNOWN_SYMBOL` the object or file has nothing of that name
 * - `INVALID` an argument is out of range
 * - `STATE` not now: before or after loading
 * - `CLOSED` the object, map, reader or ring was closed
 */
export type NativeErrorCode =
  | 'NOT_FOUND'
  | 'CORRUPT'
  | 'PERMISSION'
  | 'NO_KERNEL_BTF'
  | 'LOAD'
  | 'ATTACH'
  | 'UNSUPPORTED'
  | 'MAP'
  | 'READ'
  | 'UNKNOWN_PROGRAM'
  | 'UNKNOWN_MAP'
  | 'UNKNOWN_GLOBAL'
  | 'UNKNOWN_SYMBOL'
  | 'INVALID'
  | 'STATE'
  | 'CLOSED';

export interface NativeErrorDetails {
  /** The program that was refused. */
  program?: string;
  /** The map that was refused. */
  map?: string;
  /** All that libbpf and the verifier said. */
  log?: string;
  /** The last lines of the log that matter. */
  summary?: string;
}

/** Every error of this package. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly code: NativeErrorCode;
  /** Positive, 0 if no system call failed. */
  readonly errno: number;
  /** E.g. `EPERM`, empty if `errno` is 0. */
  readonly errnoName: string;
  declare readonly program?: string;
  declare readonly map?: string;
  /** Not enumerable: it may be megabytes, and an error is often printed whole. */
  declare readonly log?: string;
  declare readonly summary?: string;

  constructor(code: NativeErrorCode, message: string, errno = 0, details: NativeErrorDetails = {}) {
    super(message);
    this.code = code;
    this.errno = errno;
    this.errnoName = errnoName(errno);
    const { log, ...shown } = details;
    Object.assign(this, shown);
    if (log !== undefined) Object.defineProperty(this, 'log', { value: log });
  }
}

/** The kernel's own ENOTSUPP, which leaks from some BPF calls and which no C library knows. */
const ENOTSUPP = 524;

function errnoName(errno: number): string {
  if (errno === 0) return '';
  return errno === ENOTSUPP ? 'ENOTSUPP' : getSystemErrorName(-errno);
}
