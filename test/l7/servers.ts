// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Cgroup } from '../harness/cgroup.ts';
import { freePorts } from '../harness/host.ts';
import { repository } from '../harness/paths.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { waitFor } from '../harness/wait.ts';

/** A real server on a port of its own; it ends with its scope. */
export interface Server extends AsyncDisposable {
  port: number;
  pid: number;
}

/** One that keeps a log of what it answered. */
export interface LoggingServer extends Server {
  /** The paths below /users/ that it was asked for, as its own access log has them. */
  asked(): string[];
}

export interface ServerOptions {
  /** The one CPU that it runs on. */
  cpu?: number;
  port?: number;
  /** Where it runs, so that a target rule can name it. */
  cgroup?: Cgroup;
}

/** Where servers lie that `npm test` unpacks rather than installs: their packages would start them. */
const unpacked = join(repository, '.tools/debian');
const programOf = (path: string): string => [join(unpacked, path), path].find(existsSync) ?? path;

/** Debian's Redis, with nothing saved. One file is server and checker alike, told apart by the name it is called by. */
export async function startRedis(options: ServerOptions = {}): Promise<Server> {
  const port = options.port ?? (await freePort());
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return start('/usr/bin/redis-check-rdb', args, { ...options, port }, 'redis-server');
}

/** nginx with one worker: 1 KB at /1k by sendfile, 1 KB at /memory without, and what /status/… says; 2 GB at /big and /big-copied. */
export async function startNginx(options: ServerOptions = {}): Promise<LoggingServer> {
  const port = options.port ?? (await freePort());
  const folder = temporaryFolder();
  const place = (name: string): string => join(folder.path, name);
  mkdirSync(place('www'));
  writeFileSync(place('www/1k'), 'x'.repeat(1024));
  writeFileSync(place('www/big'), '');
  truncateSync(place('www/big'), BIG);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${place(kind)};`);
  writeFileSync(
    place('nginx.conf'),
    `daemon off; master_process off; user root; pid ${place('pid')}; error_log ${place('errors')};
events { worker_connections 11000; }
http {
  access_log off; sendfile on; keepalive_requests 1000000000; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port}; root ${place('www')};
    location = /memory { return 200 "${'x'.repeat(1024)}"; }
    location = /stub-status { stub_status; }
    location = /status/204 { return 204; }
    location = /status/503 { return 503; }
    location /users/ { access_log ${place('access')}; return 200 "user"; }
    location = /big-copied { sendfile off; try_files /big =404; }
  }
}`,
  );
  const server = await start(programOf('/usr/sbin/nginx'), ['-c', place('nginx.conf')], { ...options, port });
  return withFolder(server, folder);
}

/** The size of the file that nginx has at /big, with nothing in it: more than an int can say. */
export const BIG = 2 ** 31 + 1;

/** The same server, which takes its folder, and the access log in there, with it. */
function withFolder(server: Server, folder: ReturnType<typeof temporaryFolder>): LoggingServer {
  return {
    ...server,
    asked: () => readFileSync(join(folder.path, 'access'), 'utf8').match(/\/users\/[^ ]*/g) ?? [],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Any program that will listen on `port`. */
export async function start(
  command: string,
  args: readonly string[],
  { cpu, port, cgroup }: ServerOptions & { port: number },
  argv0 = command,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<Server> {
  const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
  // taskset would put its own idea of the name in the place of argv0.
  const [first = 'bash', ...rest] = [...pinned, 'bash', '-c', `${cgroup?.enter ?? ''} exec -a "$0" "$@"`, argv0, command, ...args];
  const child = spawn(first, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  await waitFor(`${argv0} listens`, () => accepts(port));
  return {
    port,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill(signal);
      await ended;
    },
  };
}

export async function freePort(): Promise<number> {
  return (await freePorts(2))[0];
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Apache, which answers 200 to all below /users/. */
export async function startApache({ cgroup }: ServerOptions = {}): Promise<LoggingServer> {
  const port = await freePort();
  const folder = temporaryFolder();
  const modules = ['mpm_event', 'authz_core', 'alias', 'dir', 'mime'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
  const place = (name: string): string => join(folder.path, name);
  writeFileSync(place('users'), 'user');
  writeFileSync(
    place('apache.conf'),
    `${modules.join('\n')}
ServerName l7.test
Listen 127.0.0.1:${port}
PidFile ${place('pid')}
Mutex file:${folder.path}
DefaultRuntimeDir ${folder.path}
ErrorLog ${place('errors')}
CustomLog ${place('access')} "%r"
MaxKeepAliveRequests 0
User nobody
TypesConfig /dev/null
AliasMatch "^/users/" "${place('users')}"
<Directory "${folder.path}">
  Require all granted
</Directory>
`,
  );
  chmodSync(folder.path, 0o755);
  const server = await start('/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', place('apache.conf')], { port, cgroup }, undefined, 'SIGTERM');
  return withFolder(server, folder);
}

/** The server of Python's library, which answers 200 to all. */
export async function startPython({ cgroup }: ServerOptions = {}): Promise<LoggingServer> {
  const port = await freePort();
  const folder = temporaryFolder();
  const program = `import http.server as h
log = open('${join(folder.path, 'access')}', 'a', buffering=1)
class Handler(h.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    def do_GET(self):
        self.send_response(200); self.send_header('Content-Length', '4'); self.end_headers()
        if self.command != 'HEAD': self.wfile.write(b'user')
    do_HEAD = do_GET
    def log_message(self, form, *args): log.write(form % args + '\\n')
h.ThreadingHTTPServer(('127.0.0.1', ${port}), Handler).serve_forever()`;
  return withFolder(await start('python3', ['-c', program], { port, cgroup }), folder);
}

/** Node.js, which answers 200 to all in chunks. */
export async function startNode({ cgroup }: ServerOptions = {}): Promise<LoggingServer> {
  const port = await freePort();
  const folder = temporaryFolder();
  const program = `const log = require('fs').createWriteStream('${join(folder.path, 'access')}');
require('http').createServer((request, response) => {
  log.write(request.method + ' ' + request.url + ' \\n');
  response.write('us');
  response.end('er');
}).listen(${port}, '127.0.0.1');`;
  return withFolder(await start(process.execPath, ['-e', program], { port, cgroup }), folder);
}

/** A client that sends several commands at once and waits for as many answers. */
export class RedisClient {
  readonly #socket: Socket;

  static async connect(port: number): Promise<RedisClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RedisClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves when each of the commands has had its answer, of one line. */
  async pipeline(commands: readonly string[]): Promise<void> {
    let missing = commands.length;
    const answered = new Promise<void>((resolve) => {
      const count = (data: Buffer): void => {
        missing -= data.toString('latin1').split('\n').length - 1;
        if (missing > 0) return;
        this.#socket.off('data', count);
        resolve();
      };
      this.#socket.on('data', count);
    });
    this.#socket.write(commands.map(encode).join(''));
    await answered;
  }

  close(): void {
    this.#socket.destroy();
  }
}

function encode(command: string): string {
  const words = command.split(' ');
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
