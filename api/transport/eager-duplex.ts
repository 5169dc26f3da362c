import { Duplex } from 'node:stream';

/**
 * A connection whose writes count as done as soon as they are queued.
 *
 * Node's HTTP/2 session stops reading while a write of its own is in progress. When both ends do that and both have more to say
 * than the socket's buffers hold, neither ever reads again. Behind this stream a session always reads; what is
 * queued is bounded by HTTP/2's own flow control.
 */
export class EagerDuplex extends Duplex {
  readonly #connection: Duplex;

  constructor(connection: Duplex) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    connection.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) connection.pause();
    });
    connection.on('end', () => this.push(null));
    connection.on('error', (error) => this.destroy(error));
    connection.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#connection.write(chunk);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#connection.cork();
    for (const { chunk } of chunks) this.#connection.write(chunk);
    this.#connection.uncork();
    done();
  }

  override _final(done: () => void): void {
    this.#connection.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }
}
