import type { Socket } from 'node:net';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { dialUnix } from '../../api/transport/dial-unix.ts';
import { SocketStream } from '../../api/transport/socket-stream.ts';
import { TtrpcClient } from '../../api/ttrpc/ttrpc-client.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { dialHybridVsock } from './dial-hybrid-vsock.ts';
import { hybridVsockOf, socketPathOf, type ShimAddress } from './shim-address.ts';
import type { ShimChannel } from './shim-channel.ts';

/**
 * Connects to a shim.
 * @throws KindError `unavailable` when nobody listens there, `unimplemented` for another protocol or kind of address, the
 * signal's reason.
 */
export async function dialShim(shim: ShimAddress, signal: AbortSignal): Promise<ShimChannel> {
  const { address, protocol } = shim;
  if (protocol !== 'ttrpc' && protocol !== 'grpc') {
    throw new KindError('unimplemented', `shim at "${address}": protocol "${protocol}" (ttrpc and grpc are known)`);
  }
  const socket = await connectTo(address, signal);
  return protocol === 'grpc' ? new GrpcChannel(socket) : new TtrpcChannel(socket);
}

async function connectTo(address: string, signal: AbortSignal): Promise<Socket> {
  const hybrid = hybridVsockOf(address);
  if (hybrid) return await dialHybridVsock(hybrid.path, hybrid.port, signal);
  const path = socketPathOf(address);
  if (path !== undefined) return await dialUnix(path, signal);
  throw new KindError(
    'unimplemented',
    `shim at "${address}": this kind of address (unix://PATH, hvsock://PATH:PORT and names of abstract unix sockets are known)`,
  );
}

class TtrpcChannel implements ShimChannel {
  readonly transport: TtrpcClient;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.transport = new TtrpcClient(new SocketStream(socket));
    this.closed = this.transport.closed.then(() => {
      this.#isClosed = true;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    // At once: a shim that hangs would never take what is still queued.
    this.#socket.destroy();
  }
}

class GrpcChannel implements ShimChannel {
  readonly transport: GrpcClient;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #used = false;

  constructor(socket: Socket) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket = socket;
    this.closed = promise;
    socket.once('close', () => resolve());
    this.transport = new GrpcClient(() => this.#takeSocket());
  }

  get isClosed(): boolean {
    // Calls fail as soon as the peer's end is read, which is before the socket is closed.
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** To us a connection is the shim: where one has ended, another would reach a stranger. */
  #takeSocket(): Socket {
    if (this.#used) throw new Error('connection closed');
    this.#used = true;
    return this.#socket;
  }
}
