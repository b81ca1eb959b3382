// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '../../errors/index.ts';
import type { ManifestFile } from '../load.ts';
import { checkCollectors } from './collectors.ts';
import { checkEntities } from './entities.ts';
import { checkEvents } from './events.ts';
import { Findings } from './findings.ts';
import { checkParams } from './params.ts';
import { checkRules } from './rules.ts';
import { checkSpans } from './spans.ts';

/** Checks what the schema cannot say: names that another part declares, and whether parts make sense together. */
export function checkReferences(source: ManifestFile): SondeError[] {
  const findings = new Findings(source);
  checkParams(source.manifest, findings);
  checkCollectors(source.manifest, findings);
  checkEntities(source.manifest, findings);
  checkEvents(source.manifest, findings);
  checkSpans(source.manifest, findings);
  checkRules(source.manifest, findings);
  return findings.list;
}
