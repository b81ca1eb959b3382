// SPDX-License-Identifier: Apache-2.0
// paced-redis PORT RATE SECONDS PIPELINE
//
// Sends RATE commands SET a second for SECONDS, over 50 connections of which each waits for the PIPELINE that it has sent at
// once, and prints how many were answered and how many that was a second.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CONNECTIONS = 50;
const [port = 0, rate = 0, seconds = 0, pipeline = 1] = process.argv.slice(2).map(Number);
const command = '*3\r\n$3\r\nSET\r\n$16\r\nkey:__rand_int__\r\n$3\r\nxxx\r\n';
const total = Math.floor((rate * seconds) / pipeline) * pipeline;

const idle: Socket[] = [];
let answered = 0;
for (let i = 0; i < CONNECTIONS; i++) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let missing = pipeline;
  socket.on('data', (data) => {
    const answers = data.length / '+OK\r\n'.length;
    answered += answers;
    missing -= answers;
    if (missing > 0) return;
    missing = pipeline;
    idle.push(socket);
  });
  idle.push(socket);
}

const began = performance.now();
for (let sent = 0; sent < total; await sleep(1)) {
  const due = Math.min(total, ((performance.now() - began) / 1000) * rate);
  for (; sent + pipeline <= due && idle.length > 0; sent += pipeline) idle.shift()!.write(command.repeat(pipeline));
}
while (answered < total) await sleep(1);
console.log(JSON.stringify({ requests: answered, rate: answered / ((performance.now() - began) / 1000) }));
process.exit();
