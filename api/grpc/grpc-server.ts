import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { statusOfError } from '../errors/status-of-error.ts';
import type { CallObserver } from '../rpc/call-observer.ts';
import { MethodTable } from '../rpc/method-table.ts';
import { observeCall } from '../rpc/observe-call.ts';
import type { RpcService } from '../rpc/service.ts';
import { connectionWindow, maxMessageSize, streamWindow, type MessageLimits } from './limits.ts';
import { firstValue, sendStatusOnly, ServerCall } from './server-call.ts';
import { isTimeout } from './timeout.ts';

/** How a {@link GrpcServer} may be tuned. */
export interface GrpcServerOptions {
  /** How long calls in flight may take to end when the server closes, in milliseconds; default 1000. */
  readonly closeTimeout?: number;
  /** The largest message to take, and to send, in bytes; default 16 MiB. */
  readonly maxReceive?: number;
  readonly maxSend?: number;
  readonly observers?: readonly CallObserver[];
}

/** A call that has not ended. */
export interface CallInFlight {
  /** `/package.Service/Method`. */
  readonly method: string;
  /** When it came, in milliseconds since 1970. */
  readonly since: number;
}

/**
 * Serves gRPC over HTTP/2 without TLS on any stream of bytes.
 *
 * Written on `node:http2` itself because it must not tire of its clients' habits: containerd's Go client resets a
 * stream for every piece of a blob that it reads, and Node ends a connection after a thousand resets unless told
 * otherwise. Any `:authority` is accepted. Handlers run concurrently; whatever they throw becomes a status.
 *
 * @example
 * await using server = new GrpcServer(services);
 * await using listener = await listenUnix({ path }, (socket) => server.serve(socket));
 */
export class GrpcServer implements AsyncDisposable {
  readonly #methods: MethodTable;
  readonly #closeTimeout: number;
  readonly #limits: MessageLimits;
  readonly #observers: readonly CallObserver[];
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #calls = new Set<ServerCall>();
  #closed: Promise<void> | undefined;

  /** @throws KindError `already-exists` when two services carry one name. */
  constructor(services: Iterable<RpcService>, options: GrpcServerOptions = {}) {
    this.#methods = new MethodTable(services);
    this.#closeTimeout = options.closeTimeout ?? 1000;
    this.#limits = { receive: options.maxReceive ?? maxMessageSize, send: options.maxSend ?? maxMessageSize };
    this.#observers = options.observers ?? [];
  }

  /** The calls that have not ended, the oldest first. */
  inFlight(): readonly CallInFlight[] {
    return Array.from(this.#calls, ({ path, since }) => ({ method: path, since }));
  }

  /** Serves one connection; a server that is closing destroys it. */
  serve(connection: Duplex): void {
    if (this.#closed !== undefined) {
      connection.destroy();
      return;
    }
    try {
      this.#open(connection);
    } catch {
      // It was gone before it was ours.
      connection.destroy();
    }
  }

  #open(connection: Duplex): void {
    const session = performServerHandshake(connection, {
      settings: { initialWindowSize: streamWindow, maxConcurrentStreams: 2 ** 31 - 1, enablePush: false },
      streamResetBurst: 1e9,
      streamResetRate: 1e9,
      maxSessionMemory: 1024,
    });
    this.#sessions.add(session);
    session.on('error', () => session.destroy());
    session.on('close', () => this.#sessions.delete(session));
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.#accept(stream, headers));
    session.setLocalWindowSize(connectionWindow);
  }

  /**
   * Refuses new connections and calls, lets those in flight end for a while, ends the rest with `unavailable` and
   * drops the connections. Idempotent.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // Resets arrive as errors of the stream; calls learn of them by `aborted` and `close`.
    stream.on('error', () => undefined);
    if (stream.destroyed || stream.closed) return;
    if (refuseNonGrpc(stream, headers)) return;
    try {
      const [, service = '', method = ''] = /^\/([^/]*)\/(.*)$/.exec(headers[':path'] ?? '') ?? [];
      const served = this.#methods.find(service, method);
      const { requestStream, responseStream } = served;
      const observation = observeCall(this.#observers, () => ({
        ...{ transport: 'grpc', service, method, requestStream, responseStream },
        header: (name) => firstValue(headers[name]),
      }));
      const call = new ServerCall(stream, headers, { method: served, limits: this.#limits, observation });
      this.#calls.add(call);
      stream.on('close', () => this.#calls.delete(call));
      call.run();
    } catch (error) {
      sendStatusOnly(stream, statusOfError(error));
      stream.resume();
    }
  }

  async #close(): Promise<void> {
    const closed = Array.from(this.#sessions, (session) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      session.once('close', resolve);
      session.close();
      return promise;
    });
    const all = Promise.all(closed);
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, this.#closeTimeout);
    await Promise.race([all, late.promise]);
    clearTimeout(timer);
    for (const call of this.#calls) call.abort(new KindError('unavailable', 'the server is shutting down'));
    // The statuses leave with this turn of the loop; a peer that does not read is not waited for.
    await new Promise(setImmediate);
    for (const session of this.#sessions) session.destroy();
    await all;
  }
}

/** What is no gRPC gets HTTP's status, and gRPC's beside it, as Go's servers have it. */
function refuseNonGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  const refuse = (http: number, error: KindError): true => {
    sendStatusOnly(stream, statusOfError(error), http);
    stream.resume();
    return true;
  };
  const method = headers[':method'] ?? '';
  if (method !== 'POST')
    return refuse(constants.HTTP_STATUS_METHOD_NOT_ALLOWED, new KindError('internal', `method ${method}, not POST`));
  const type = headers['content-type'] ?? '';
  if (!/^application\/grpc(?:[+;]|$)/i.test(type)) {
    const error = new KindError('invalid-argument', `content-type ${JSON.stringify(type)}, not application/grpc`);
    return refuse(constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, error);
  }
  const timeout = firstValue(headers['grpc-timeout']);
  if (timeout === undefined || isTimeout(timeout)) return false;
  const error = new KindError('internal', `malformed grpc-timeout ${JSON.stringify(timeout)}`);
  return refuse(constants.HTTP_STATUS_BAD_REQUEST, error);
}
