// SPDX-License-Identifier: Apache-2.0
export type * from './types.ts';
export { EventBus, type EventBusServices, type Outlet, type SpanBus } from './event-bus.ts';
export { EventLimits, type LimitLoss } from './event-limits.ts';
export { eventBody } from './event-body.ts';
export { compileEventSource, type EventSourceServices } from './event-source.ts';
export { logRecord } from './log-record.ts';
export { PartlyDelivered } from './partly-delivered.ts';
export { recordLabels } from './record-labels.ts';
export type { RecordSource } from './record-source.ts';
export { compileRingSource, type RingEntitySource, type RingSourceServices } from './ring-source.ts';
