// SPDX-License-Identifier: Apache-2.0
import { NativeError } from './errors.ts';

const KERNEL_BTF = /Error loading vmlinux BTF|failed to find valid kernel BTF|failed to (parse|load) (target|kernel) BTF/;
const LOG_BEGIN = /-- BEGIN PROG LOAD LOG --/;
const LOG_END = /-- END PROG LOAD LOG --/;
/** Lines of a verifier log that only count. */
const STATISTICS = /^(processed \d+ insns|verification time|stack depth|peak_states|\s*$)/;
const SUMMARY_LINES = 2;

/** Says, from what libbpf and the verifier printed while an object was loaded, what was refused and why. */
export function explainLoadFailure(error: NativeError): NativeError {
  const log = error.log ?? '';
  if (error.code === 'PERMISSION') return error;
  const code = KERNEL_BTF.test(log) ? 'NO_KERNEL_BTF' : error.code;
  const program = lastMatch(log, /prog '([^']+)': /g);
  const map = lastMatch(log, /map '([^']+)': failed to create/g);
  const refused = program ? `program ${program}` : map ? `map ${map}` : 'the object';
  const summary = summarise(log);
  return new NativeError(code, `${refused} was refused (${error.errnoName})${summary && `: ${summary}`}`, error.errno, {
    log,
    summary,
    ...(program ? { program } : map ? { map } : {}),
  });
}

/** The verifier's last words, or else libbpf's first complaint: what follows it only says what failed in consequence. */
function summarise(log: string): string {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const end = lines.findLastIndex((line) => LOG_END.test(line));
  const begin = lines.findLastIndex((line) => LOG_BEGIN.test(line));
  if (begin >= 0 && begin < end) {
    const verdict = lines.slice(begin + 1, end).filter((line) => !STATISTICS.test(line));
    if (verdict.length > 0) return verdict.slice(-SUMMARY_LINES).map((line) => line.trim()).join('; ');
  }
  return (lines.find((line) => line.startsWith('libbpf: ')) ?? '').replace(/^libbpf: /, '');
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
