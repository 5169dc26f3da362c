import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { KindError } from '../pkg/errors/kind-error.ts';
import { parseTcpAddress } from './parse-tcp-address.ts';

/** Files in PEM form; empty for none. */
export interface TlsFiles {
  /** The authorities of the clients' certificates. With it a client without one is refused. */
  readonly tlsCa: string;
  /** Our certificate and its key. Without them there is no TLS. */
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/**
 * Listens on TCP and hands each connection to `accept`, once its TLS stands. Disposing stops that; connections that were accepted stay.
 *
 * @throws KindError `invalid-argument` for a bad address or file; what listening fails with.
 */
export async function listenTcp(
  address: string,
  files: TlsFiles,
  accept: (socket: Socket) => void,
): Promise<AsyncDisposable> {
  const target = parseTcpAddress(address);
  const options = await tlsOptions(files);
  const taken = (socket: Socket): void => {
    // A connection's errors are the business of whoever serves it.
    socket.on('error', () => undefined);
    accept(socket);
  };
  const server = options ? createTlsServer(options, taken) : createServer(taken);
  // A client that cannot agree on TLS is its own problem.
  server.on('tlsClientError', () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(target, resolve);
  await promise;
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function tlsOptions({ tlsCa, tlsCert, tlsKey }: TlsFiles): Promise<TlsOptions | undefined> {
  if (tlsCert === '') return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
    const base = { cert, key, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2' } as const;
    if (tlsCa === '') return base;
    return { ...base, ca: await readFile(tlsCa), requestCert: true, rejectUnauthorized: true };
  } catch (cause) {
    throw new KindError('invalid-argument', `TLS files: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
