// SPDX-License-Identifier: Apache-2.0
import type { Manifest } from '../generated/types.ts';
import { checkCollectorOf } from './collectors.ts';
import type { Findings } from './findings.ts';
import { checkSource } from './sources.ts';

export function checkSpans(manifest: Manifest, findings: Findings): void {
  for (const [name, span] of Object.entries(manifest.spans ?? {})) {
    const at = ['spans', name];
    checkSource(manifest, 'span', name, span.source, at, findings);
    checkCollectorOf(manifest, span, at, findings);
  }
}
