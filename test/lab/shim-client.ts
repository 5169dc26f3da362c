import type { Socket } from 'node:net';
import { TaskDefinition as TaskV2 } from '../../api/gen/containerd/task/v2/task.ts';
import { TaskDefinition as TaskV3 } from '../../api/gen/containerd/task/v3/task.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import { dialUnix } from '../../api/transport/dial-unix.ts';
import { SocketStream } from '../../api/transport/socket-stream.ts';
import { TtrpcClient } from '../../api/ttrpc/ttrpc-client.ts';
import { socketPathOf, type ShimAddress } from '../../services/tasks/shim-address.ts';

/** The task API; the messages of its versions are the same. */
export type TaskCalls = RpcClient<typeof TaskV3>;

/** One connection to a shim. Disposing closes it, and nothing else. */
export class ShimClient implements Disposable {
  readonly address: ShimAddress;
  /** The path of its socket. */
  readonly path: string;
  /** The task API of the version that the shim told, in the lab's namespace. */
  readonly task: TaskCalls;
  /** Settles when the connection has ended. */
  readonly closed: Promise<unknown>;
  readonly #transport: TtrpcClient;
  readonly #namespace: string;
  readonly #socket: Socket;

  /** @throws KindError `unavailable` when nobody listens there. */
  static async dial(address: ShimAddress, namespace: string): Promise<ShimClient> {
    const path = socketPathOf(address.address);
    if (path === undefined) throw new Error(`not a unix socket: ${address.address}`);
    return new ShimClient(address, path, namespace, await dialUnix(path));
  }

  private constructor(address: ShimAddress, path: string, namespace: string, socket: Socket) {
    this.address = address;
    this.path = path;
    this.#namespace = namespace;
    this.#socket = socket;
    this.#transport = new TtrpcClient(new SocketStream(socket));
    this.closed = this.#transport.closed;
    this.task = this.version(address.version);
  }

  /** The task API of one version, over the same connection. */
  version(version: number): TaskCalls {
    const transport: RpcTransport = {
      call: (method, request, options) =>
        this.transport.call(method, request, { namespace: this.#namespace, ...options }),
    };
    return version === 2 ? rpcClient(transport, TaskV2) : rpcClient(transport, TaskV3);
  }

  /** Without a namespace of its own, for whatever else is asked. */
  get transport(): RpcTransport {
    return this.#transport;
  }

  /** The shim's process id, as it tells. */
  async pid(): Promise<number> {
    return (await this.task.connect({ id: '' })).shimPid;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
