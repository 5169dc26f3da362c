import { connect } from 'node:net';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { GrpcServer } from '../../api/grpc/grpc-server.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { MethodDefinition, RpcService, ServiceDefinition } from '../../api/rpc/service.ts';
import { listenUnix, type UnixListener } from '../../api/transport/listen-unix.ts';
import type { DaemonUnderTest } from './daemon-under-test.ts';

/** What a {@link ForwardingServer} does to the requests on their way. */
export interface Forwarding {
  /** Where it listens. */
  readonly path: string;
  readonly definitions: readonly ServiceDefinition[];
  /** The snapshotter that the daemon behind it is asked for, whatever name came. */
  readonly snapshotter?: string;
}

/**
 * Services of a daemon as a proxy plugin would serve them: without namespaces (all is in `default`), under any name, and kept from the
 * daemon's garbage collection by a lease.
 */
export class ForwardingServer implements AsyncDisposable {
  /** The calls that came, `/package.Service/Method` with the namespace before it. */
  readonly calls: string[] = [];
  readonly #client: GrpcClient;
  readonly #server: GrpcServer;
  #listener: UnixListener | undefined;

  private constructor(client: GrpcClient, forwarding: Forwarding, lease: string) {
    this.#client = client;
    const services = forwarding.definitions.map((definition) => this.#service(definition, forwarding, lease));
    this.#server = new GrpcServer(services);
  }

  static async start(daemon: DaemonUnderTest, forwarding: Forwarding): Promise<ForwardingServer> {
    const client = new GrpcClient(() => connect(daemon.address));
    const leases = rpcClient(client, LeasesDefinition);
    const { lease } = await leases.create({ id: '', labels: new Map() }, { namespace: 'default' });
    const server = new ForwardingServer(client, forwarding, lease?.id ?? '');
    server.#listener = await listenUnix({ path: forwarding.path }, (socket) => server.#server.serve(socket));
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await this.#client[Symbol.asyncDispose]();
  }

  #service(definition: ServiceDefinition, { snapshotter }: Forwarding, lease: string): RpcService {
    const renamed = (request: unknown): unknown =>
      snapshotter === undefined ? request : { ...(request as object), snapshotter };
    const handler = (method: MethodDefinition): RpcService['handlers'][string] => {
      const { requestStream, responseStream, requestType, responseType, name } = method;
      const called = {
        ...{ service: definition.fullName, name, requestStream, responseStream },
        ...{ requestCodec: requestType as never, responseCodec: responseType as never },
      };
      return (request: unknown, { signal, namespace }) => {
        this.calls.push(`${namespace ?? ''} /${definition.fullName}/${name}`);
        const options = { namespace: 'default', lease, signal };
        const responses = this.#client.call(called, requestStream ? request : renamed(request), options);
        return responseStream ? responses : onlyOne(responses);
      };
    };
    const handlers = Object.entries(definition.methods).map(([key, method]) => [key, handler(method)] as const);
    return { definition, handlers: Object.fromEntries(handlers) };
  }
}

async function onlyOne(responses: AsyncIterable<unknown>): Promise<unknown> {
  let only: unknown;
  for await (const response of responses) only = response;
  return only;
}
