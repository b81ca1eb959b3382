// SPDX-License-Identifier: Apache-2.0
/** The other end, in a process of its own: takes whatever it is sent, over HTTP and gRPC, and counts bytes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';

let [bytes, requests] = [0, 0];
const http = createServer((request, response) => {
  requests++;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => response.end());
});
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));

const grpc = new Server({ 'grpc.max_receive_message_length': -1 });
const raw = (chunk: Buffer): Buffer => chunk;
for (const signal of ['metrics.v1.Metrics', 'logs.v1.Logs']) {
  const path = `/opentelemetry.proto.collector.${signal}Service/Export`;
  const method = { path, requestStream: false, responseStream: false, requestSerialize: raw, requestDeserialize: raw };
  grpc.addService(
    { Export: { ...method, responseSerialize: raw, responseDeserialize: raw } },
    {
      Export(call: ServerUnaryCall<Buffer, Buffer>, done: (error: null, value: Buffer) => void) {
        requests++;
        bytes += call.request.length;
        done(null, Buffer.alloc(0));
      },
    },
  );
}
const grpcPort = await new Promise<number>((resolve, reject) => {
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

process.on('message', () => {
  process.send!({ bytes, requests });
  [bytes, requests] = [0, 0];
});
process.on('disconnect', () => process.exit());
process.send!({
  http: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
  grpc: `http://127.0.0.1:${grpcPort}`,
});
