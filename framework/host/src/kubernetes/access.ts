// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sondeError } from '@sonde/kit';
import { parse } from 'yaml';
import type { Access } from './types.ts';

/** Where a pod finds its token. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How a pod reaches the API server: by what Kubernetes gives each. Undefined outside of a pod. */
export function inClusterAccess(environment: NodeJS.ProcessEnv = process.env): Access | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const tokenFile = `${SERVICE_ACCOUNT}/token`;
  if (!host || !existsSync(tokenFile)) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, tokenFile, ca: readFileSync(`${SERVICE_ACCOUNT}/ca.crt`, 'utf8') };
}

interface Kubeconfig {
  'current-context'?: string;
  contexts?: { name: string; context: { cluster: string; user: string } }[];
  clusters?: { name: string; cluster: Record<string, string | boolean | undefined> }[];
  users?: { name: string; user: Record<string, unknown> }[];
}

/**
 * How the current context of a kubeconfig reaches its API server: by token, token file or client certificate.
 * @throws SONDE_KUBECONFIG
 */
export function kubeconfigAccess(file: string): Access {
  const failure = (reason: string) => sondeError('SONDE_KUBECONFIG', { file, reason });
  const config = readKubeconfig(file, failure);
  const current = config['current-context'];
  const context = config.contexts?.find(({ name }) => name === current)?.context;
  if (context === undefined) throw failure(`there is no context '${current ?? ''}'`);
  const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster;
  const user = (config.users?.find(({ name }) => name === context.user)?.user ?? {}) as Record<string, string | undefined>;
  if (typeof cluster?.['server'] !== 'string') throw failure(`there is no cluster '${context.cluster}' with a server`);
  if (user['exec'] || user['auth-provider']) throw failure('it runs a program for its credentials, which Sonde never does');
  const pem = (from: Record<string, string | boolean | undefined>, key: string) => pemOf(from, key, dirname(file), failure);
  const [ca, cert, clientKey] = [pem(cluster, 'certificate-authority'), pem(user, 'client-certificate'), pem(user, 'client-key')];
  return {
    server: cluster['server'].replace(/\/$/, ''),
    ...(cluster['insecure-skip-tls-verify'] === true && { insecure: true }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(clientKey && { key: clientKey }),
    ...(user['token'] && { token: user['token'] }),
    ...(user['tokenFile'] && { tokenFile: resolve(dirname(file), user['tokenFile']) }),
  };
}

function readKubeconfig(file: string, failure: (reason: string) => Error): Kubeconfig {
  try {
    return (parse(readFileSync(file, 'utf8')) ?? {}) as Kubeconfig;
  } catch (error) {
    throw failure((error as Error).message);
  }
}

/** Either in the file itself, or in one that it names. */
function pemOf(
  from: Record<string, string | boolean | undefined>,
  key: string,
  folder: string,
  failure: (reason: string) => Error,
): string | undefined {
  const data = from[`${key}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString();
  const named = from[key];
  if (typeof named !== 'string') return undefined;
  try {
    return readFileSync(resolve(folder, named), 'utf8');
  } catch (error) {
    throw failure((error as Error).message);
  }
}
