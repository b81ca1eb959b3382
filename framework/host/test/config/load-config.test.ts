// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';

const file = '/etc/sonde/sonde.yaml';

/** The lines of a sonde.yaml, after its version. */
function parse(...lines: string[]) {
  return parseConfig(['apiVersion: sonde/v1', ...lines].join('\n'), file);
}

function problemOf(...lines: string[]): SondeError {
  try {
    parse(...lines);
  } catch (thrown) {
    return thrown as SondeError;
  }
  throw new Error('nothing was wrong');
}

describe('a sonde.yaml', () => {
  it.each([
    ['an alias of nothing', ['labels: *mine'], /mine/],
    ['aliases that stand for billions of nodes', [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`),
    ], /alias/i],
  ])('with %s is told to be wrong', (_, lines, reason) => {
    expect(problemOf(...lines)).toMatchObject({ code: 'SONDE_INPUT_SYNTAX', message: expect.stringMatching(reason), place: { file } });
  });

  it.each([
    ['a header that ends its line', 'sinks: { otlp: { headers: { authorization: "Bearer sesame\\n" } } }', 'SONDE_INPUT_VALUE'],
    ['a password that is a number', 'sinks: { kafka: { brokers: [a:1], sasl: { mechanism: plain, username: u, password: 31415 } } }', 'SONDE_INPUT_TYPE'],
  ])('with %s is told to be wrong, and what stands there is not told', (_, line, code) => {
    const problem = problemOf(line);
    expect(problem.code).toBe(code);
    expect(problem.format()).not.toMatch(/sesame|31415/);
  });

  it('with a key that stands twice is told where', () => {
    const { problems } = problemOf('probes:', '  a: {}', '  a: {}', 'probes: {}');
    expect(problems.map(({ code, place }) => [code, place?.line, place?.column])).toEqual([
      ['SONDE_INPUT_SYNTAX', 4, 3],
      ['SONDE_INPUT_SYNTAX', 5, 1],
    ]);
  });

  it('that is wrong in thousands of places is answered with the first hundred', () => {
    const { problems } = problemOf(...Array.from({ length: 5000 }, (_, i) => `key${i}: 1`));
    expect(problems).toHaveLength(100);
    expect(problems[99]!.place).toMatchObject({ line: 101 });
  });

  it('gets every default from a file with nothing but its version', () => {
    expect(parse().config).toEqual({
      file,
      node: { attributes: {} },
      interval: 10_000,
      allow: [],
      probes: {},
      labels: ['process.executable.name', 'container.name', 'k8s.namespace.name', 'k8s.pod.name', 'host.name'],
      sinkLabels: {},
      relabel: [],
      containers: { labels: [] },
      kubernetes: { podLabels: [], podAnnotations: [] },
      routes: [],
      rules: {},
      watchSelf: false,
      series: { budget: 10_000, retention: 300_000 },
      sinks: {
        prometheus: { type: 'prometheus', listen: { host: '127.0.0.1', port: 9464 }, createdTimestamps: false },
      },
      control: {
        socket: '/run/sonde/sonde.sock',
        group: 'sonde',
        listen: { host: '127.0.0.1', port: 9465 },
        tokenFile: '/run/sonde/token',
      },
      state: '/var/lib/sonde',
    });
  });

  it('keeps the defaults beside the keys that it sets in a section', () => {
    const { config } = parse('series: { budget: 7 }', 'control: { listen: "[::1]:80" }');
    expect(config.series).toEqual({ budget: 7, retention: 300_000 });
    expect(config.control).toMatchObject({ listen: { host: '::1', port: 80 }, group: 'sonde' });
  });

  it('has its relative paths start at its folder, and leaves npm names alone', () => {
    const { config } = parse(
      'state: state',
      "allow: ['@sonde/probe-*', ../execs]",
      'probes: { fsync: { package: ./fsync }, tcp: { package: "@sonde/probe-tcp" } }',
      'sinks: { log: { path: events.log }, out: { type: log } }',
    );
    expect(config.state).toBe('/etc/sonde/state');
    expect(config.allow).toEqual(['@sonde/probe-*', '/etc/execs']);
    expect(config.probes).toEqual({ fsync: { package: '/etc/sonde/fsync' }, tcp: { package: '@sonde/probe-tcp' } });
    expect(config.sinks).toEqual({
      log: { type: 'log', path: '/etc/sonde/events.log', metrics: false, interval: 10_000 },
      out: { type: 'log', path: 'stdout', metrics: false, interval: 10_000 },
    });
  });

  it('is refused with place and nearest name for a key that does not exist', () => {
    const problem = problemOf('probes:', '  fsync:', '    collector: { calls: true }');
    expect(problem.code).toBe('SONDE_INPUT_UNKNOWN_KEY');
    expect(problem.place).toEqual({ file, line: 4, column: 5, pointer: '/probes/fsync/collector' });
    expect(problem.hint).toContain("'collectors'");
  });

  it('is refused with all of its problems at once', () => {
    const problem = problemOf('interval: 10', 'sinks: { prometheus: { listn: x } }', 'probes: { Fsync: {} }');
    expect(problem.code).toBe('SONDE_INPUT_INVALID');
    expect(problem.problems.map(({ code, place }) => [code, place?.pointer])).toEqual([
      ['SONDE_INPUT_TYPE', '/interval'],
      ['SONDE_INPUT_UNKNOWN_KEY', '/sinks/prometheus/listn'],
      ['SONDE_INPUT_VALUE', '/probes/Fsync'],
    ]);
  });

  it.each([
    ['a duration without its unit', "interval: '10'", 'SONDE_INPUT_VALUE', '/interval'],
    ['an interval that never ends', 'interval: 0s', 'SONDE_INPUT_VALUE', '/interval'],
    ['a sink of a type that does not exist', 'sinks: { out: { type: lgo } }', 'SONDE_INPUT_VALUE', '/sinks/out/type'],
    [
      'a sink whose name is no type and that has none',
      'sinks: { out: { path: x } }',
      'SONDE_INPUT_MISSING_KEY',
      '/sinks/out',
    ],
    [
      'an option of another type of sink',
      'sinks: { out: { type: log, listen: "a:1" } }',
      'SONDE_INPUT_UNKNOWN_KEY',
      '/sinks/out/listen',
    ],
    [
      'a target rule that selects nobody whose children could be watched',
      'probes: { a: { targets: { include: [{ children: true }] } } }',
      'SONDE_INPUT_VALUE',
      '/probes/a/targets/include/0',
    ],
    [
      'a target rule without a selector',
      'probes: { a: { targets: { include: [{}] } } }',
      'SONDE_INPUT_VALUE',
      '/probes/a/targets/include/0',
    ],
    ['a port that does not exist', 'control: { listen: "127.0.0.1:65536" }', 'SONDE_INPUT_VALUE', '/control/listen'],
    [
      'control beyond loopback without TLS',
      'control: { listen: "0.0.0.0:1" }',
      'SONDE_LISTEN_NEEDS_TLS',
      '/control/listen',
    ],
    [
      'metrics beyond loopback without TLS',
      'sinks: { prometheus: { listen: "[::]:1" } }',
      'SONDE_LISTEN_NEEDS_TLS',
      '/sinks/prometheus/listen',
    ],
    ['a key given twice', 'state: a\nstate: b', 'SONDE_INPUT_SYNTAX', undefined],
  ])('is refused for %s', (_, lines, code, pointer) => {
    const problem = problemOf(lines);
    expect([problem.code, problem.place?.pointer]).toEqual([code, pointer]);
    expect(problem.place?.line).toBeGreaterThan(1);
  });

  it('is refused if it is empty or of another version', () => {
    expect(() => parseConfig('', file)).toThrow(expect.objectContaining({ code: 'SONDE_INPUT_TYPE' }));
    expect(() => parseConfig('apiVersion: sonde/v2', file)).toThrow(
      expect.objectContaining({ code: 'SONDE_INPUT_VALUE' }),
    );
  });

  it('may listen beyond loopback with TLS', () => {
    const { config } = parse('control: { listen: "0.0.0.0:1", tls: { cert: c.pem, key: k.pem } }');
    expect(config.control.tls).toEqual({ cert: '/etc/sonde/c.pem', key: '/etc/sonde/k.pem' });
  });
});
