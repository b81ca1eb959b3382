// SPDX-License-Identifier: Apache-2.0
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { paint } from '../output.ts';

/** An event as REST gives it. */
interface LogRecord {
  timestamp: string;
  severity_text: string;
  event_name: string;
  body?: string;
  attributes: Record<string, unknown>;
  resource: Record<string, string | number>;
}

const STYLES: Record<string, Parameters<typeof paint>[0]> = { WARN: 'yellow', ERROR: 'red', FATAL: 'red' };

export const command: Command = {
  usage: 'events [--follow] [--probe <name>] [--name <glob>]',
  help:
    'Prints events as they happen, until it is interrupted (Ctrl-C) or has printed as many as --count says: when, how ' +
    'severe, which event, of which process, its text and attributes. With --json, one OpenTelemetry log record a line.',
  options: {
    follow: { short: 'f', help: 'Go on; it does so anyway' },
    probe: { value: 'name', help: 'Only events of this probe' },
    name: { value: 'glob', help: "Only events with such a name, as 'tcp.*'" },
    count: { value: 'number', help: 'Stop after so many' },
  },
  examples: [
    ['sonde events --follow', 'all events'],
    ['sonde events --probe fsync', 'those of one probe'],
    ["sonde events --json --name '*.slow' | jq .attributes", 'attributes of slow things'],
  ],
  async run({ args, options, client, output }) {
    expectArguments(args, [], 'sonde events');
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    let left = options['count'] === undefined ? Infinity : Number(options['count']);
    for await (const { type, data } of client.follow(pathOf(options), stop.signal)) {
      if (type === 'lost') process.stderr.write(`${(JSON.parse(data) as { events: number }).events} events missed\n`);
      else {
        output.line(output.isJson ? data : line(JSON.parse(data) as LogRecord));
        if (--left <= 0) break;
      }
    }
    stop.abort();
  },
};

function pathOf({ probe, name }: Record<string, unknown>): string {
  const query = new URLSearchParams();
  if (typeof probe === 'string') query.set('probe', probe);
  if (typeof name === 'string') query.set('name', name);
  return `/v1/events${query.size > 0 ? `?${query.toString()}` : ''}`;
}

function line({ timestamp, severity_text: severity, event_name: name, body, attributes, resource }: LogRecord): string {
  const time = new Date(timestamp).toTimeString().slice(0, 8) + timestamp.slice(19, 23);
  const process = resource['process.executable.name'] ?? resource['process.title'];
  const who = process === undefined ? '' : `${process}[${resource['process.pid']}] `;
  const style = STYLES[severity];
  const level = severity.padEnd(5);
  const details = Object.entries(attributes)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');
  const said = body === undefined ? '' : `${body}  `;
  const what = `${style ? paint(style, level) : level} ${name} ${who}${said}`;
  return `${paint('dim', time)} ${what}${paint('dim', details)}`.trimEnd();
}
