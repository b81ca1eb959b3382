// SPDX-License-Identifier: Apache-2.0
export { attachParams, fillAttach, parseAttach, type AttachPoint, type AttachProblem } from './attach.ts';
export { checkManifest } from './check/object.ts';
export type * from './generated/types.ts';
export { objectNames } from './object-names.ts';
export { loadManifest, parseManifest, type ManifestFile } from './load.ts';
export { collectorSwitch, paramBytes, paramTarget, type ParamTarget } from './param-target.ts';
export { resolveParams, type ParamInput, type ParamValue, type ResolvedParams } from './params.ts';
export { sourceLayout, type ObjectInfo, type SourceField, type SourceLayout } from './source-layout.ts';
export { parseThreshold, type Comparison, type Threshold } from './threshold.ts';
export { ruleDurationProblem, ruleProblem, statisticOf, type Statistic } from './rule.ts';
export { parseBytes, parseDuration } from './units.ts';
