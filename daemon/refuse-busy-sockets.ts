import { connect } from 'node:net';
import { KindError } from '../pkg/errors/kind-error.ts';

/**
 * Looks whether somebody listens where we are to listen, before anything is touched.
 * @throws KindError `failed-precondition`, naming the socket.
 */
export async function refuseBusySockets(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    if (address === '' || !(await answers(address))) continue;
    const wayOut = 'stop it, or set another address in the configuration or by --address';
    throw new KindError('failed-precondition', `another daemon listens on "${address}"; ${wayOut}`);
  }
}

async function answers(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(address, () => resolve(true));
  socket.on('error', () => resolve(false));
  const answered = await promise;
  socket.destroy();
  return answered;
}
