import { connect, type Socket } from 'node:net';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { errorOfAbort } from '../errors/error-of-abort.ts';
import { socketPath } from './socket-path.ts';

/**
 * Connects to a unix socket.
 *
 * @param address a path, `unix://` and a path, or `@` (or NUL) and a name in the kernel's abstract space
 * @throws KindError `unavailable`, naming the address, when nobody listens there; `unimplemented` for addresses of another
 * kind; what `signal` was aborted with.
 */
export async function dialUnix(address: string, signal?: AbortSignal): Promise<Socket> {
  const path = socketPath(address);
  if (signal?.aborted === true) throw errorOfAbort(signal.reason, `dial "${address}"`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(path);
  const onAbort = (): void => reject(errorOfAbort(signal?.reason, `dial "${address}"`));
  signal?.addEventListener('abort', onAbort);
  socket.once('connect', resolve);
  socket.once('error', (cause) => {
    reject(new KindError('unavailable', `dial "${address}" (${cause.message})`, { cause }));
  });
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
