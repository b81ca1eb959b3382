// SPDX-License-Identifier: Apache-2.0
import { Metadata, Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { waitFor } from '../../../../../test/harness/wait.ts';
import { ProtoWriter } from '../../../src/sinks/protobuf/proto-writer.ts';
import { World } from './world.ts';

type Call = ServerUnaryCall<Buffer, Buffer>;

/** A logs service that answers as a test says. */
async function serve(
  answer: (call: Call, done: sendUnaryData<Buffer>) => void,
): Promise<{ endpoint: string } & AsyncDisposable> {
  const server = new Server();
  const raw = (bytes: Buffer): Buffer => bytes;
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const method = { path, requestStream: false, responseStream: false, requestSerialize: raw, requestDeserialize: raw };
  server.addService({ Export: { ...method, responseSerialize: raw, responseDeserialize: raw } }, { Export: answer });
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, free: number): void => (error ? reject(error) : resolve(free));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** A google.rpc.Status with a RetryInfo of so many seconds and nanoseconds. */
function retryInfo(seconds: number, nanos: number): Buffer {
  const writer = new ProtoWriter();
  writer.string(2, 'busy');
  const any = writer.open(3);
  writer.string(1, 'type.googleapis.com/google.rpc.RetryInfo');
  const info = writer.open(2);
  const delay = writer.open(1);
  writer.uint(1, seconds);
  writer.uint(2, nanos);
  for (const start of [delay, info, any]) writer.close(start);
  return writer.take();
}

function delivered(sink: { state(): { flow?: { delivered: number } } }): number {
  return sink.state().flow?.delivered ?? 0;
}

test('RetryInfo makes an exhausted end one to come back to, after the time it names', async () => {
  const times: number[] = [];
  await using server = await serve((_, done) => {
    times.push(performance.now());
    if (times.length > 1) return done(null, Buffer.alloc(0));
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', retryInfo(1, 500_000_000));
    return done({ code: status.RESOURCE_EXHAUSTED, details: 'busy', metadata });
  });
  await using world = new World();
  const sink = await world.sink(server.endpoint, { protocol: 'grpc' });
  world.emit();
  await waitFor('it is delivered', () => delivered(sink) === 1);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1450);
  expect(world.messages[0]).toContain('SONDE_SINK_BUSY');
});

test('without RetryInfo it refuses, as it does with other codes', async () => {
  const codes = [status.RESOURCE_EXHAUSTED, status.INVALID_ARGUMENT, status.UNAUTHENTICATED];
  const left = [...codes];
  await using server = await serve((_, done) => done({ code: left.shift()!, details: 'no' }));
  await using world = new World();
  const sink = await world.sink(server.endpoint, { protocol: 'grpc' });
  for (const [index, code] of ['SONDE_SINK_REFUSED', 'SONDE_SINK_REFUSED', 'SONDE_SINK_DENIED'].entries()) {
    world.emit();
    await waitFor('it is counted', () => world.lost()['refused'] === index + 1);
    expect(sink.state().error!.code).toBe(code);
  }
});

test('headers go with each request', async () => {
  const seen: unknown[] = [];
  await using server = await serve((call, done) => {
    seen.push(...call.metadata.get('authorization'));
    done(null, Buffer.alloc(0));
  });
  await using world = new World();
  const sink = await world.sink(server.endpoint, { protocol: 'grpc', headers: { Authorization: 'Bearer secret' } });
  world.emit();
  await waitFor('it is delivered', () => delivered(sink) === 1);
  expect(seen).toEqual(['Bearer secret']);
});

test('partial success is read here too, and a mute end is given up and connected to again', async () => {
  let calls = 0;
  await using server = await serve((_, done) => {
    if (++calls === 1) return;
    const answer = new ProtoWriter();
    const partial = answer.open(1);
    answer.uint(1, 2);
    answer.close(partial);
    done(null, answer.take());
  });
  await using world = new World();
  const sink = await world.sink(server.endpoint, { protocol: 'grpc', timeout: 300 });
  for (let i = 0; i < 5; i++) world.emit();
  await waitFor('it is delivered', () => delivered(sink) === 3);
  expect(world.lost()).toEqual({ refused: 2 });
  expect(world.messages[0]).toContain('SONDE_SINK_TIMEOUT');
});
