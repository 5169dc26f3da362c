import type { Duplex } from 'node:stream';
import type { ByteStream, ByteStreamListener } from '../ttrpc/byte-stream.ts';

/** A socket of Node's as ttrpc sees it. */
export class SocketStream implements ByteStream {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  start(listener: ByteStreamListener): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    socket.on('drain', () => listener.drained());
    socket.on('error', (error) => (failure = error));
    socket.on('close', () => listener.closed(failure));
    // Nobody sends on a connection that the peer has half closed.
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Uint8Array) => listener.data(chunk));
    if (socket.destroyed) queueMicrotask(() => listener.closed());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.writableEnded || this.#socket.destroyed) return true;
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    const socket = this.#socket;
    // What the peer still sends is for nobody; without this its end would never be seen.
    socket.resume();
    socket.end(() => socket.destroy());
  }
}
