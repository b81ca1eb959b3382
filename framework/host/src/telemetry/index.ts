// SPDX-License-Identifier: Apache-2.0
export { createHostTelemetry } from './host-telemetry.ts';
export type { HostTelemetry, ProbeObservation, ProgramRuns } from './types.ts';
