// SPDX-License-Identifier: Apache-2.0
import type { ConnectionOptions } from 'node:tls';

/** One record on its way to a topic. Records of one key keep their order. */
export interface KafkaMessage {
  key: string;
  value: string;
  /** Milliseconds since 1970. */
  timestamp: number;
}

/** How a cluster is reached, and what counts as delivered. */
export interface KafkaConnection {
  driver: KafkaDriver;
  /** `host:port`; the cluster tells of its other brokers by itself. */
  brokers: readonly string[];
  clientId: string;
  tls?: ConnectionOptions;
  sasl?: KafkaCredentials;
  /** Who must have a batch before it counts as delivered. */
  acks: 'all' | 'leader';
  compression: 'none' | 'gzip' | 'zstd';
  /** Milliseconds that connecting and each request may take. */
  timeout: number;
}

export type KafkaDriver = 'kafkajs' | 'platformatic';

export interface KafkaCredentials {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  username: string;
  password: string;
}

/**
 * A way to a cluster that outlives connections: it connects when there is something to send, and again after a failure.
 */
export interface KafkaTransport {
  /**
   * Resolves when the cluster has acknowledged the batch, and rejects at the latest when `abort` fires, whatever the
   * driver does. A batch that failed may have arrived all the same.
   * @throws KafkaFailure
   */
  send(topic: string, messages: readonly KafkaMessage[], abort: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** One client of a driver, from its first connection to its last. */
export interface KafkaClient {
  connect(): Promise<void>;
  send(topic: string, messages: readonly KafkaMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** Batches that may wait for their acknowledgement at once: more only lengthen the stalls of the event loop. */
export const MAX_IN_FLIGHT = 5;
