// SPDX-License-Identifier: Apache-2.0
export { KafkaExporter } from './exporter.ts';
export type { KafkaOptions, KafkaSasl, KafkaTls } from './options.ts';
