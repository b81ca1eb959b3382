// SPDX-License-Identifier: Apache-2.0
export type * from './types.ts';
export { EventBus, type EventBusServices } from './event-bus.ts';
export { eventBody } from './event-body.ts';
export { PartlyDelivered } from './partly-delivered.ts';
