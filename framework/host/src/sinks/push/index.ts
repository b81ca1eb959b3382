// SPDX-License-Identifier: Apache-2.0
export * from './types.ts';
export { PushSink, type PushServices } from './push-sink.ts';
export { WHOLE_IDENTITY } from './metric-lane.ts';
