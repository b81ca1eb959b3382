// SPDX-License-Identifier: Apache-2.0
import type { EventKind, Manifest } from '../generated/types.ts';
import { parseDuration } from '../units.ts';
import { alternatives, type At, type Findings } from './findings.ts';
import { checkSource } from './sources.ts';

export function checkEvents(manifest: Manifest, findings: Findings): void {
  for (const [name, event] of Object.entries(manifest.events ?? {})) {
    const at = ['events', name];
    checkSource(manifest, 'event', name, event.source, at, findings);
    checkWhen(manifest, event, at, findings);
    checkBody(event, at, findings);
    checkDeduplicate(event, at, findings);
  }
}

function checkWhen({ params = {} }: Manifest, { when }: EventKind, at: At, findings: Findings): void {
  const known = Object.keys(params).filter((name) => params[name]?.type === 'boolean');
  if (when === undefined || known.includes(when)) return;
  const values = { what: 'boolean param', name: when, ...alternatives(when, known) };
  findings.add('SONDE_MANIFEST_REFERENCE', values, [...at, 'when']);
}

function checkBody({ body = '', attributes = {} }: EventKind, at: At, findings: Findings): void {
  const known = Object.keys(attributes);
  for (const [, name = ''] of body.matchAll(/\{([^{}]*)\}/g)) {
    if (known.includes(name)) continue;
    const values = { what: 'attribute of this event', name, ...alternatives(name, known) };
    findings.add('SONDE_MANIFEST_REFERENCE', values, [...at, 'body']);
  }
}

function checkDeduplicate({ deduplicate, attributes = {} }: EventKind, at: At, findings: Findings): void {
  if (deduplicate === undefined) return;
  const known = Object.keys(attributes);
  for (const [i, name] of deduplicate.by.entries()) {
    if (known.includes(name)) continue;
    const values = { what: 'attribute of this event', name, ...alternatives(name, known) };
    findings.add('SONDE_MANIFEST_REFERENCE', values, [...at, 'deduplicate', 'by', i]);
  }
  if (parseDuration(deduplicate.within) !== undefined) return;
  const values = { found: `'${deduplicate.within}'`, rule: 'it is a length of time, such as `10s`' };
  findings.add('SONDE_INPUT_VALUE', values, [...at, 'deduplicate', 'within']);
}
