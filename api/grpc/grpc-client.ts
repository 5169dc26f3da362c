import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CallOptions } from '../rpc/call-options.ts';
import type { CalledMethod, RpcTransport } from '../rpc/rpc-transport.ts';
import { EagerDuplex } from '../transport/eager-duplex.ts';
import { ClientCall } from './client-call.ts';
import { connectionWindow, streamWindow } from './limits.ts';
import { formatTimeout } from './timeout.ts';

/**
 * Calls a gRPC peer over one HTTP/2 connection without TLS.
 *
 * Connects at the first call and anew at the first call after the connection was lost; calls on a lost
 * connection fail with `unavailable`. Disposing lets calls in flight fail with `unavailable`.
 *
 * @example
 * await using transport = new GrpcClient(() => net.connect(path));
 * const version = rpcClient(transport, VersionDefinition);
 */
export class GrpcClient implements RpcTransport, AsyncDisposable {
  readonly #connect: () => Duplex;
  #session: ClientHttp2Session | undefined;
  #closed = false;

  /** @param connection makes a new connection; it need not be established yet */
  constructor(connection: () => Duplex) {
    this.#connect = connection;
  }

  call(method: CalledMethod, request: unknown, options: CallOptions = {}): AsyncIterableIterator<unknown, undefined> {
    const call = new ClientCall(method, options);
    if (call.ended) return call.responses;
    if (this.#closed) {
      call.fail(new KindError('unavailable', `/${method.service}/${method.name}: client closed`));
      return call.responses;
    }
    try {
      call.run(this.#open().request(headersOf(method, options)), request);
    } catch (cause) {
      call.fail(new KindError('unavailable', `/${method.service}/${method.name}: ${String(cause)}`, { cause }));
    }
    return call.responses;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    if (session === undefined || session.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    session.once('close', resolve);
    session.destroy();
    await promise;
  }

  #open(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect('http://localhost', {
      createConnection: () => new EagerDuplex(this.#connect()),
      settings: { initialWindowSize: streamWindow, enablePush: false },
      maxSessionMemory: 1024,
    });
    session.on('error', () => session.destroy());
    session.on('connect', () => session.setLocalWindowSize(connectionWindow));
    this.#session = session;
    return session;
  }
}

function headersOf(method: CalledMethod, options: CallOptions): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ...options.metadata,
    ':method': 'POST',
    ':path': `/${method.service}/${method.name}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  if (options.namespace !== undefined) headers['containerd-namespace'] = options.namespace;
  if (options.lease !== undefined) headers['containerd-lease'] = options.lease;
  if (options.timeout !== undefined) headers['grpc-timeout'] = formatTimeout(options.timeout);
  return headers;
}
