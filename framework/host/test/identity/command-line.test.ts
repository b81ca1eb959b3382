// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { commandLine } from '../../src/identity/command-line.ts';

const shown = (...words: string[]) => commandLine(words.map((word) => `${word}\0`).join(''), false).line;

describe('the command line', () => {
  test('joins arguments by spaces and knows how long the first is', () => {
    expect(commandLine('/usr/bin/my tool\0-v\0', false)).toEqual({ line: '/usr/bin/my tool -v', commandLength: 16 });
  });

  test('is empty for a process without arguments', () => {
    expect(commandLine('', false)).toEqual({ line: '', commandLength: 0 });
  });

  test.each([
    [['app', '--password=hunter2'], 'app --password=***'],
    [['app', '--db-password=a,b;c d'], 'app --db-password=***'],
    [['app', '--password', 'hunter2', '--verbose'], 'app --password *** --verbose'],
    [['app', '--api-key', 'abc', 'file'], 'app --api-key *** file'],
    [['env', 'PGPASSWORD=hunter2', 'psql'], 'env PGPASSWORD=*** psql'],
    [['java', '-Dspring.datasource.password=x', '-jar', 'a.jar'], 'java -Dspring.datasource.password=*** -jar a.jar'],
    [['/usr/bin/mysql', '-uroot', '-phunter2', 'db'], '/usr/bin/mysql -uroot -p*** db'],
    [['redis-cli', '-a', 'hunter2', 'ping'], 'redis-cli -a *** ping'],
    [['sshpass', '-p', 'hunter2', 'ssh', 'host'], 'sshpass -p *** ssh host'],
    [['curl', '-u', 'me:hunter2', 'http://x/'], 'curl -u me:*** http://x/'],
    [['curl', '-H', 'Authorization: Bearer abc.def'], 'curl -H Authorization: Bearer ***'],
    [['git', 'clone', 'https://me:hunter2@host/a'], 'git clone https://me:***@host/a'],
    [['sh', '-c', 'exec app --token hunter2 --level 3'], 'sh -c exec app --token *** --level 3'],
    [['sh', '-c', 'curl "http://h/?token=abc&x=1"'], 'sh -c curl "http://h/?token=***&x=1"'],
    [['run', 'ghp_0123456789abcdefghij'], 'run ***'],
    [['run', 'AKIAABCDEFGHIJKLMNOP'], 'run ***'],
  ])('masks the secret in %j', (words, line) => {
    expect(shown(...words)).toBe(line);
  });

  test.each([
    [['tar', '-p', '-x', 'file']],
    [['docker', 'run', '-p', '8080:80', 'nginx']],
    [['node', 'password-server.js', '--port=80']],
    [['curl', 'http://localhost:8080/keys']],
    [['ls', '-a', '-u']],
  ])('leaves %j as it is', (words) => {
    expect(shown(...words)).toBe(words.join(' '));
  });

  test('masks what follows the user in a URL that was cut before the host', () => {
    expect(commandLine('git\0clone\0https://me:hunt', true).line).toBe('git clone https://me:***');
    expect(commandLine('curl\0http://localhost:80', true).line).toBe('curl http://localhost:80');
  });
});
