import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CallObserver } from '../rpc/call-observer.ts';
import { MethodTable } from '../rpc/method-table.ts';
import type { RpcService } from '../rpc/service.ts';
import type { ByteStream } from './byte-stream.ts';
import { ServerConnection } from './server-connection.ts';

/**
 * Serves ttrpc on any stream of bytes: the same services as gRPC, without HTTP.
 *
 * Calls of one connection run concurrently; the frames of one call keep their order. When a client leaves, the signals of its
 * calls are aborted. Needs no more of its host than `setTimeout`, `clearTimeout`, text encoding and, when a
 * handler asks for its signal, `AbortController`.
 *
 * @example
 * await using server = new TtrpcServer([eventsService]);
 * await using listener = await listenUnix({ path }, (socket) => server.serve(new SocketStream(socket)));
 */
export class TtrpcServer implements AsyncDisposable {
  readonly #methods: MethodTable;
  readonly #observers: readonly CallObserver[];
  readonly #connections = new Set<ServerConnection>();
  #closed = false;

  /** @throws KindError `already-exists` when two services carry one name. */
  constructor(services: Iterable<RpcService>, observers: readonly CallObserver[] = []) {
    this.#methods = new MethodTable(services);
    this.#observers = observers;
  }

  /** Serves one connection; a server that is closed closes it. */
  serve(stream: ByteStream): void {
    if (this.#closed) {
      stream.close();
      return;
    }
    const connection = new ServerConnection(stream, this.#methods, this.#observers);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  /** Ends the calls in flight with `unavailable` and closes the connections; settles when they are gone. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const closed = Array.from(this.#connections, (connection) => {
      connection.abortAll(new KindError('unavailable', 'the server is shutting down'));
      connection.close();
      return connection.closed;
    });
    await Promise.all(closed);
  }
}
