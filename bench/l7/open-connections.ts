// SPDX-License-Identifier: Apache-2.0
// open-connections PORT CONNECTIONS
//
// Opens connections to an HTTP server, sends a request on each for every byte that it reads, and writes a byte when all are
// answered.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const [port = 0, connections = 0] = process.argv.slice(2).map(Number);
const request = 'GET /status/204 HTTP/1.1\r\nHost: bench\r\n\r\n';

const sockets: Socket[] = [];
let missing = 0;
for (let i = 0; i < connections; i++) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('data', () => {
    if (--missing === 0) process.stdout.write('.');
  });
  sockets.push(socket);
}
process.stdin.on('data', () => {
  missing = sockets.length;
  for (const socket of sockets) socket.write(request);
});
