// SPDX-License-Identifier: Apache-2.0
export { LogSink, type LogSinkOptions, type LogSinkServices } from './log-sink.ts';
