// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlRoom } from './control-room.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function openRoom(control: object = {}): Promise<ControlRoom> {
  const room = await ControlRoom.open(control);
  cleanups.push(() => room.close());
  return room;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sonde-server-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Sends bytes and gives all that comes back until the server closes. */
function raw(room: ControlRoom, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(room.server.address.port, room.server.address.host, () => socket.write(text));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

describe('over TCP', () => {
  it('a request with the token passes', async () => {
    const room = await openRoom();
    const headers = { Authorization: `Bearer ${await room.token()}` };
    expect((await room.overTcp('GET', '/v1/version', headers)).status).toBe(200);
  });

  it.each([
    ['no token', undefined, 'SONDE_TOKEN_MISSING'],
    ['another scheme', 'Basic cm9vdDpyb290', 'SONDE_TOKEN_MISSING'],
    ['a wrong token', `Bearer ${'x'.repeat(43)}`, 'SONDE_TOKEN_WRONG'],
  ])('a request with %s is refused, health included', async (_, authorization, code) => {
    const room = await openRoom();
    for (const path of ['/v1/probes', '/healthz', '/nowhere']) {
      const { status, headers, body } = await room.overTcp(
        'GET',
        path,
        authorization ? { Authorization: authorization } : {},
      );
      expect([status, body.code, headers['www-authenticate']]).toEqual([401, code, 'Bearer realm="sonde"']);
    }
  });

  it.each(['localhost', '127.0.0.1:1234', '[::1]'])('the Host header may be %s', async (host) => {
    const room = await openRoom();
    const headers = { Authorization: `Bearer ${await room.token()}`, Host: host };
    expect((await room.overTcp('GET', '/v1/version', headers)).status).toBe(200);
  });

  it.each(['evil.example', 'localhost.evil.example:9465'])(
    'the Host header may not be %s, even with the token',
    async (host) => {
      const room = await openRoom();
      const headers = { Authorization: `Bearer ${await room.token()}`, Host: host };
      const { status, body } = await room.overTcp('GET', '/v1/version', headers);
      expect([status, body.code]).toEqual([421, 'SONDE_HOST_FOREIGN']);
    },
  );

  it('what is no HTTP gets an answer', async () => {
    const room = await openRoom();
    const answer = await raw(room, 'hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(answer).toContain('"SONDE_REQUEST_MALFORMED"');
  });

  it('a request for what is no path gets an answer', async () => {
    const room = await openRoom();
    const head = `Host: localhost\r\nAuthorization: Bearer ${await room.token()}\r\nConnection: close\r\n\r\n`;
    for (const target of ['//', 'http://[', '/v1//../../..']) {
      const answer = await raw(room, `GET ${target} HTTP/1.1\r\n${head}`);
      expect(answer).toMatch(/^HTTP\/1.1 404 [^]*"SONDE_ROUTE_UNKNOWN"/);
    }
  });

  it('a request that does not come to its end is given up', { timeout: 10_000 }, async () => {
    const room = await openRoom();
    const answer = await raw(room, 'GET / HTTP/1.1\r\nHost: localhost\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('"SONDE_REQUEST_TIMEOUT"');
  });

  it('a port that is in use is an error that names it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(async () => other.close());
    const { port } = other.address() as AddressInfo;
    const opening = ControlRoom.open({ listen: `127.0.0.1:${port}` });
    await expect(opening).rejects.toMatchObject({
      code: 'SONDE_PORT_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it('an address of another machine is an error', async () => {
    const folder = await temporaryFolder();
    const tls = certificate(folder);
    await expect(ControlRoom.open({ listen: '192.0.2.1:0', tls })).rejects.toMatchObject({
      code: 'SONDE_LISTEN_FAILED',
    });
  });

  it('beyond loopback it is TLS, under the names of the certificate', async () => {
    const tls = certificate(await temporaryFolder());
    const room = await openRoom({ listen: '0.0.0.0:0', tls });
    const ca = await readFile(tls.cert);
    const answers = await Promise.all(
      ['sonde.test', 'evil.example'].map(async (host) => {
        const headers = { Authorization: `Bearer ${await room.token()}`, Host: host };
        return new Promise<number | undefined>((resolve, reject) => {
          const options = {
            host: '127.0.0.1',
            port: room.server.address.port,
            path: '/v1/version',
            servername: 'sonde.test',
            ca,
            headers,
          };
          httpsRequest(options, (answer) => resolve(answer.resume().statusCode))
            .on('error', reject)
            .end();
        });
      }),
    );
    expect(answers).toEqual([200, 421]);
  });

  it('a certificate that is none is an error', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'bad.pem'), 'no certificate');
    const tls = { cert: join(folder, 'bad.pem'), key: join(folder, 'bad.pem') };
    await expect(ControlRoom.open({ tls })).rejects.toMatchObject({ code: 'SONDE_LISTEN_FAILED' });
  });
});

describe('the token', () => {
  it('is made at start, for root alone, and stays', async () => {
    const file = join(await temporaryFolder(), 'run/token');
    const first = await openRoom({ tokenFile: file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const token = await readFile(file, 'utf8');
    expect(token.trim()).toMatch(/^[\w-]{43}$/);
    expect(first.server.address.port).toBeGreaterThan(0);
    await openRoom({ tokenFile: file });
    expect(await readFile(file, 'utf8')).toBe(token);
  });

  it('that found no room on the disk leaves no file that would be taken for one', async () => {
    const folder = await temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', folder]);
    try {
      await writeFile(join(folder, 'other'), 'x'.repeat(4096));
      const file = join(folder, 'token');
      await expect(ControlRoom.open({ tokenFile: file })).rejects.toMatchObject({ code: 'SONDE_TOKEN_FILE' });
      expect(await readdir(folder)).toEqual(['other']);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it.each([
    ['any user could read it', 0o644, 0, 'a-token-that-is-long-enough'],
    ['another user has written it', 0o600, 1, 'a-token-that-is-long-enough'],
    ['it is too short', 0o600, 0, 'short'],
  ])('is refused if %s', async (_, mode, owner, token) => {
    const file = join(await temporaryFolder(), 'token');
    await writeFile(file, token);
    await chmod(file, mode);
    await chown(file, owner, owner);
    await expect(ControlRoom.open({ tokenFile: file })).rejects.toMatchObject({ code: 'SONDE_TOKEN_FILE' });
  });
});

describe('the socket', () => {
  it('is for root and a group, needs no token, and goes with the host', async () => {
    const room = await ControlRoom.open({ group: 'daemon' });
    const { mode, uid, gid } = await stat(room.socket);
    expect([mode & 0o777, uid, gid, room.server.warnings]).toEqual([0o660, 0, 1, []]);
    expect((await room.overSocket('GET', '/healthz', undefined, { Host: 'anything' })).status).toBe(200);
    await room.close();
    expect(existsSync(room.socket)).toBe(false);
  });

  it('is for root alone where the group is missing, with a warning', async () => {
    const room = await openRoom();
    expect((await stat(room.socket)).gid).toBe(0);
    expect(room.server.warnings).toEqual([expect.stringContaining("no group 'no-such-group'")]);
  });

  it('of a running host is not taken by a second one', async () => {
    const first = await openRoom();
    await expect(ControlRoom.open({ socket: first.socket })).rejects.toMatchObject({
      code: 'SONDE_SOCKET_IN_USE',
      message: expect.stringContaining(first.socket),
    });
    expect((await first.overSocket('GET', '/healthz')).status).toBe(200);
  });

  it('of a host that was killed is replaced', async () => {
    const socket = join(await temporaryFolder(), 'sonde.sock');
    const die = `() => process.kill(process.pid, 'SIGKILL')`;
    const listen = `require('net').createServer().listen(${JSON.stringify(socket)}, ${die})`;
    expect(spawnSync(process.execPath, ['-e', listen]).signal).toBe('SIGKILL');
    expect((await stat(socket)).isSocket()).toBe(true);
    const room = await openRoom({ socket });
    expect((await room.overSocket('GET', '/healthz')).status).toBe(200);
  });

  it.each([
    ['a file that is no socket', (path: string) => writeFile(path, 'mine')],
    ['a folder', (path: string) => mkdir(path)],
  ])('does not replace %s', async (_, make) => {
    const socket = join(await temporaryFolder(), 'sonde.sock');
    await make(socket);
    await expect(ControlRoom.open({ socket })).rejects.toMatchObject({ code: 'SONDE_LISTEN_FAILED' });
    expect(existsSync(socket)).toBe(true);
  });
});

/** A certificate for sonde.test in a folder. */
function certificate(folder: string): { cert: string; key: string } {
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const subject = ['-subj', '/CN=sonde.test', '-addext', 'subjectAltName=DNS:sonde.test'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-keyout', tls.key, '-out', tls.cert, '-days', '1'], {
    stdio: 'ignore',
  });
  return tls;
}
