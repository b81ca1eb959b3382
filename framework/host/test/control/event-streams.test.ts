// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HostClient } from '../../src/cli/client.ts';
import { EventBus, type EventRecord } from '../../src/events/index.ts';
import { ControlRoom } from './control-room.ts';

let room: ControlRoom;
let bus: EventBus;
const lost: Record<string, number> = {};

beforeEach(async () => {
  room = await ControlRoom.open();
  for (const cause of Object.keys(lost)) delete lost[cause];
  const add = (probe: string, stage: string, cause: string, n: number, sink?: string): void => {
    const key = [probe, stage, cause, sink].join(' ');
    lost[key] = (lost[key] ?? 0) + n;
  };
  const loss = { add, declare: () => {} };
  bus = new EventBus({ loss, settle: () => {} });
  room.events.open({ events: bus, identity: { labels: () => new Map([['process.pid', 42]]) }, loss });
});

afterEach(async () => {
  await room.events.close();
  await room.close();
});

function event(name: string, more: Partial<EventRecord> = {}): EventRecord {
  const time = Date.parse('2026-11-21T12:00:00.123Z') * 1e6;
  return { probe: name.split('.')[0]!, name, time, severity: 'warn', identity: 1, attributes: {}, weight: 1, ...more };
}

/** A client that keeps what it was sent. */
async function follow(query = ''): Promise<{ answer: IncomingMessage; text: () => string; names: () => string[] }> {
  const sent = request({ socketPath: room.socket, path: `/v1/events${query}` });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  answer.on('error', () => {});
  const names = (): string[] => [...text.matchAll(/"event_name":"([^"]+)"/g)].map(([, name]) => name!);
  return { answer, text: () => text, names };
}

it('sends each event as it happens, within a second', async () => {
  const { answer, text } = await follow();
  expect(answer.headers['content-type']).toBe('text/event-stream');
  const began = performance.now();
  bus.emit(event('fsync.slow', { body: 'took {d}', attributes: { d: '2ms' } }));
  await vi.waitFor(() => expect(text()).toContain('data: '), { timeout: 2000 });
  expect(performance.now() - began).toBeLessThan(1000);
  const [, data] = /^data: (.*)$/m.exec(text())!;
  expect(JSON.parse(data!)).toEqual({
    timestamp: expect.stringMatching(/^2026-11-21T12:00:00\.123\d{3}Z$/),
    severity_text: 'WARN',
    severity_number: 13,
    event_name: 'fsync.slow',
    body: 'took 2ms',
    attributes: { d: '2ms' },
    scope: { name: 'fsync' },
    resource: { 'process.pid': 42 },
  });
});

it('sends only what was asked for', async () => {
  const [ofProbe, ofName, ofBoth] = await Promise.all([
    follow('?probe=tcp&probe=io'),
    follow('?name=*.slow'),
    follow('?probe=tcp&name=tcp.s*'),
  ]);
  for (const name of ['tcp.reset', 'tcp.slow', 'io.slow', 'fsync.slow', 'fsync.done']) bus.emit(event(name));
  await vi.waitFor(() => expect(ofProbe.names()).toEqual(['tcp.reset', 'tcp.slow', 'io.slow']));
  expect(ofName.names()).toEqual(['tcp.slow', 'io.slow', 'fsync.slow']);
  expect(ofBoth.names()).toEqual(['tcp.slow']);
});

it('counts what a client that does not read has missed, tells it, and delays nobody', async () => {
  const slow = await follow();
  slow.answer.pause();
  const other = await follow();
  const body = 'x'.repeat(1000);
  const produced = 6000;
  for (let sent = 0; sent < produced; sent += 1000) {
    for (let i = 0; i < 1000; i++) bus.emit(event('fsync.slow', { body }));
    await sleep(150);
  }
  await vi.waitFor(() => expect(other.names()).toHaveLength(produced), { timeout: 5000 });
  const missed = lost['fsync sink queue_full /v1/events']!;
  expect(missed).toBeGreaterThan(0);
  slow.answer.resume();
  await vi.waitFor(() => expect(slow.names().length).toBe(produced - missed), { timeout: 5000 });
  const told = [...slow.text().matchAll(/event: lost\ndata: \{"events":(\d+)\}/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  expect(told).toBe(missed);
});

it('costs nothing once the last client has gone', async () => {
  const { answer } = await follow();
  const subscribed = vi.spyOn(bus, 'subscribe');
  answer.destroy();
  await sleep(50);
  for (let i = 0; i < 10_000; i++) bus.emit(event('fsync.slow'));
  await follow();
  expect(subscribed).toHaveBeenCalledTimes(1);
  expect(lost).toEqual({});
});

it('takes only so many clients', async () => {
  await Promise.all(Array.from({ length: 32 }, () => follow()));
  const { status, body } = await room.overSocket('GET', '/v1/events');
  expect([status, body.code]).toEqual([503, 'SONDE_EVENTS_BUSY']);
});

it('needs the token over TCP', async () => {
  expect((await room.overTcp('GET', '/v1/events')).status).toBe(401);
});

it('ends the streams when the host stops', async () => {
  const { answer } = await follow();
  const ended = once(answer, 'end');
  await room.events.close();
  await ended;
});

it('is followed by the client of the command line', async () => {
  const stop = new AbortController();
  const following = new HostClient(room.socket).follow('/v1/events?probe=fsync', stop.signal);
  const first = following.next();
  await vi.waitFor(
    async () => {
      bus.emit(event('tcp.reset'));
      bus.emit(event('fsync.slow'));
      const result = await Promise.race([first, sleep(200)]);
      expect(result).toMatchObject({
        value: { type: 'message', data: expect.stringContaining('"event_name":"fsync.slow"') },
      });
    },
    { timeout: 3000 },
  );
  stop.abort();
  for await (const _ of following);
});
