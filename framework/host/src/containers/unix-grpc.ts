// SPDX-License-Identifier: Apache-2.0
import type { Client, GrpcObject } from '@grpc/grpc-js';

/** A list of all containers of a node is some 10 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

export type ServiceConstructor<Service> = new (address: string, security: object, options: object) => Service;

/**
 * Opens the services of definitions over a unix socket. The library is loaded only then.
 * @param files paths of `.proto` files
 * @param choose picks the constructors of the services
 */
export async function openServices<Services extends Record<string, Client>>(
  socket: string,
  files: readonly string[],
  choose: (definitions: GrpcObject) => { [Name in keyof Services]: unknown },
): Promise<Services> {
  const [{ credentials, loadPackageDefinition }, { load }] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')]);
  const options = {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.enable_http_proxy': 0,
  };
  const constructors = choose(loadPackageDefinition(await load([...files], { defaults: true })));
  const open = (Service: unknown) =>
    new (Service as ServiceConstructor<Client>)(`unix://${socket}`, credentials.createInsecure(), options);
  return Object.fromEntries(Object.entries(constructors).map(([name, Service]) => [name, open(Service)])) as Services;
}
