import { createServer, type RequestListener } from 'node:http';
import { listenUnix } from '../api/transport/listen-unix.ts';
import { parseTcpAddress } from './parse-tcp-address.ts';

/** Where HTTP is served. */
export interface HttpListenOptions {
  /** A unix socket's absolute path, or `host:port`. */
  readonly address: string;
  /** Of the unix socket. */
  readonly uid?: number;
  readonly gid?: number;
}

/** How long a client may take to send a request's head, in milliseconds. */
const headersTimeout = 60_000;
/** A stranger's connections cost descriptors. */
const maxConnections = 100;

/**
 * Serves HTTP/1.1. Disposing stops that, and ends the connections.
 * @throws KindError `invalid-argument` for an address that is neither; what listening fails with.
 */
export async function listenHttp(options: HttpListenOptions, handle: RequestListener): Promise<AsyncDisposable> {
  const { address, uid, gid } = options;
  const server = createServer({ headersTimeout, requestTimeout: headersTimeout }, handle);
  server.maxConnections = maxConnections;
  if (address.startsWith('/')) {
    const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
    const listener = await listenUnix({ path: address, ...owner }, (socket) => void server.emit('connection', socket));
    return {
      async [Symbol.asyncDispose]() {
        await listener[Symbol.asyncDispose]();
        server.closeAllConnections();
      },
    };
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(parseTcpAddress(address), resolve);
  await promise;
  return {
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
