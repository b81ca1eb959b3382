// SPDX-License-Identifier: Apache-2.0
import type { Entity, EventKind, Manifest, Span } from '../generated/types.ts';
import type { At, Findings } from './findings.ts';

/** Checks that the package has what a source needs. */
export function checkSource(
  manifest: Manifest,
  what: 'entity' | 'event' | 'span',
  name: string,
  source: (Entity | EventKind | Span)['source'],
  at: At,
  findings: Findings,
): void {
  const report = (problem: string, remedy: string): void =>
    findings.add('SONDE_MANIFEST_SOURCE', { what, name, problem, remedy }, [...at, 'source']);

  if (('map' in source || 'ring' in source) && !manifest.object)
    report('there is no object', "Name the BPF object with 'object'.");
  if ('decoder' in source && !manifest.decoder)
    report('there is no decoder', "Name the module with 'decoder' at the top.");
  if ('procfs' in source && source.format === 'table' && !source.columns) {
    report('a table needs columns', "Name the words of a line with 'columns'.");
  }
  if ('procfs' in source && source.format !== 'table' && (source.columns ?? source.skip) !== undefined) {
    report(`the format ${source.format} has no columns and skips no lines`, "Remove 'columns' and 'skip'.");
  }
}
