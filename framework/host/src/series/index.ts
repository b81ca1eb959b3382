// SPDX-License-Identifier: Apache-2.0
export { emptyHistogram } from './histogram-pages.ts';
export { HOST_PROBE } from './ledgers.ts';
export { sameName } from './labels.ts';
export { compileRelabelling, type Draft, type Relabelling } from './relabel-steps.ts';
export { createSeriesStore, type SeriesIdentity } from './store.ts';
export * from './types.ts';
export { metricProducer } from './metric-producer.ts';
