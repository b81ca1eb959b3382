// SPDX-License-Identifier: Apache-2.0
import type { KafkaConnection } from './transport.ts';

/** What is particular to a Kafka sink; from sonde.yaml. */
export interface KafkaOptions extends Pick<KafkaConnection, 'driver' | 'brokers' | 'clientId' | 'acks' | 'compression' | 'timeout'> {
  /** Its key under `sinks`. */
  name: string;
  topics: { metrics: string; events: string; metadata: string };
  temporality: 'cumulative' | 'delta';
  tls?: KafkaTls;
  sasl?: KafkaSasl;
}

/** Absolute paths of PEM files. Without `ca`, the authorities that Node.js trusts. */
export interface KafkaTls {
  ca?: string;
  cert?: string;
  key?: string;
  /** Name in the broker's certificate, where it is not the one that is connected to. */
  serverName?: string;
}

/** A user, and the password or an absolute path of the file that holds it. */
export interface KafkaSasl {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  username: string;
  password?: string;
  passwordFile?: string;
}
