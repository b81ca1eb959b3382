// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { stopIdlePolling } from './idle-polling.ts';
import { MAX_IN_FLIGHT, type KafkaClient, type KafkaConnection } from './transport.ts';

/** Tries of one request within the sink's own deadline, for a leader that moves or a topic that is being made. */
const RETRY = { retries: 3, initialRetryTime: 200, maxRetryTime: 1000 };

/** @throws ERR_MODULE_NOT_FOUND if the package is not installed */
export async function kafkajsClient(connection: KafkaConnection): Promise<KafkaClient> {
  const { default: kafkajs } = await import('kafkajs');
  const { Kafka, logLevel, Partitioners, CompressionTypes, CompressionCodecs } = kafkajs;
  stopIdlePolling();
  CompressionCodecs[CompressionTypes.ZSTD] = zstdCodec;

  const { brokers, clientId, tls, sasl, timeout } = connection;
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls && { ssl: tls }),
    ...(sasl && { sasl: sasl as { mechanism: 'plain'; username: string; password: string } }),
    connectionTimeout: timeout,
    authenticationTimeout: timeout,
    // the transport has its own deadline; this one would cost a timer of 100 ms on each connection
    enforceRequestTimeout: false,
    retry: RETRY,
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    maxInFlightRequests: MAX_IN_FLIGHT,
    retry: RETRY,
  });
  const compression = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD }[
    connection.compression
  ];
  const acks = connection.acks === 'all' ? -1 : 1;
  return {
    connect: () => producer.connect(),
    async send(topic, messages) {
      const timed = messages.map(({ key, value, timestamp }) => ({ key, value, timestamp: String(timestamp) }));
      await producer.send({ topic, messages: timed, acks, timeout, compression });
    },
    close: () => producer.disconnect(),
  };
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

function zstdCodec() {
  return {
    compress: ({ buffer }: { buffer: Buffer }) =>
      compress(buffer, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
    decompress: (buffer: Buffer) => decompress(buffer),
  };
}
