// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { arch, hostname, networkInterfaces, release } from 'node:os';
import type { Labels } from './types.ts';

/** OpenTelemetry's names for what Node.js calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32', ppc64: 'ppc64' };

/**
 * What says which machine it is: `host.*`, `os.*`, and the attributes of the configuration, which win.
 * `host.ip` holds the global addresses, separated by commas.
 */
export function nodeLabels(attributes: Readonly<Record<string, string | number>> = {}): Labels {
  const system = osRelease();
  const found: Record<string, string | number | undefined> = {
    'host.name': hostname(),
    'host.id': firstLine('/etc/machine-id') ?? firstLine('/var/lib/dbus/machine-id'),
    'host.arch': ARCHITECTURES[arch()] ?? arch(),
    'host.ip': globalAddresses().join(',') || undefined,
    'os.type': 'linux',
    'os.name': system['NAME'],
    'os.version': system['VERSION_ID'],
    'os.description': system['PRETTY_NAME'],
    'os.kernel.release': release(),
    ...attributes,
  };
  return new Map(Object.entries(found).filter((entry): entry is [string, string | number] => entry[1] !== undefined));
}

function firstLine(file: string): string | undefined {
  return read(file)?.split('\n')[0]?.trim() || undefined;
}

function osRelease(): Record<string, string> {
  const text = read('/etc/os-release') ?? read('/usr/lib/os-release') ?? '';
  return Object.fromEntries([...text.matchAll(/^(\w+)=(["']?)(.*)\2$/gm)].map(([, key, , value]) => [key!, value!]));
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function globalAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'))
    .map(({ address }) => address);
}
