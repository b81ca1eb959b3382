// SPDX-License-Identifier: Apache-2.0
import { parseManifest, SondeError } from '../../src/index.ts';

/** A manifest that is right; tests change one thing in it. */
export const goodManifest = `
apiVersion: sonde/v1
name: sample
description: A sample
object: dist/sample.bpf.o
decoder: dist/decoder.js
params:
  slow: { type: duration, default: 1ms, minimum: 0s, maximum: 1h, description: What is slow, live: settings.slow_ns }
  library: { type: string, default: libc.so.6, description: Which library, load: attach }
  report: { type: boolean, default: false, description: Whether to report, live: settings.report }
collectors:
  calls:
    programs:
      enter:
        any:
          - { program: on_fentry, attach: fentry/do_call }
          - { program: on_tp, attach: tp_btf/call }
      library: { program: on_library, attach: 'uprobe/\${library}:malloc+0x10', optional: true }
entities:
  sample.call:
    source: { map: calls }
    process: key.process
    attributes:
      sample.kind: { from: key.kind, values: { 0: read, 1: write } }
      sample.port: key.port
    metrics:
      sample.calls: { type: counter, unit: '{call}', value: count, help: Calls, collector: calls }
      sample.size: { type: gauge, unit: By, value: size, fold: max, help: Largest size }
      sample.duration: { type: histogram, unit: s, value: duration, help: Duration }
  sample.decoded:
    source: { decoder: true }
    metrics:
      sample.lines: { type: counter, unit: '{line}', help: Lines }
  sample.disk:
    source: { procfs: diskstats, format: table, columns: [major, minor, name, reads] }
    attributes: { sample.disk.name: name }
    metrics:
      sample.reads: { type: counter, unit: '{read}', value: reads, help: Reads }
spans:
  sample.operation:
    source: { decoder: true }
    kind: server
    collector: calls
    attributes: { sample.path: The path that was asked for }
events:
  sample.slow:
    source: { ring: events, struct: slow_call, kind: 1 }
    severity: warn
    when: report
    body: 'slow {sample.kind}'
    attributes: { sample.kind: kind }
`.trimStart();

/** The good manifest with one piece of its text replaced. */
export function withChange(from: string, to: string): string {
  if (!goodManifest.includes(from)) throw new Error(`the manifest has no ${from}`);
  return goodManifest.replace(from, to);
}

/** What is wrong with a manifest, one line each without position and hint; empty if nothing is. */
export function problemsOf(text: string): string[] {
  return errorsOf(text).map(({ place, message, code }) => `${place?.pointer ?? ''}: ${message} [${code}]`);
}

/** The text of a manifest at the places of its problems: the first word or two that an editor would jump to. */
export function textAtProblems(text: string): string[] {
  return errorsOf(text).map(({ place: { line = 0, column = 0 } = {} }) => {
    const rest = text.split('\n')[line - 1]?.slice(column - 1) ?? '';
    return /^(?:"[^"]*"?|'[^']*'|[^\s,}]*)/.exec(rest)?.[0] ?? '';
  });
}

export function errorsOf(text: string): readonly SondeError[] {
  try {
    parseManifest(text, 'probe.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof SondeError)) throw error;
    return error.problems.length > 0 ? error.problems : [error];
  }
}
