import type { IncomingMessage } from 'node:http';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { type ByteTaker, SocketTap } from './socket-tap.ts';

/** Below this, a connection that can be used again is worth more: a handshake takes several round trips. */
const minBulk = 16 << 20;
const bufferSize = 1 << 20;
/** One is filled while the others are hashed and written. */
const bufferCount = 4;
/** Who waits is given no less than this, the end excepted. */
const minPiece = 256 << 10;

/**
 * The rest of a large body, read past the HTTP parser; undefined where that cannot be done: for small bodies, for those whose
 * length is not known, and for connections that have no tap.
 */
export function bulkPieces(response: IncomingMessage): AsyncGenerator<Buffer, void, void> | undefined {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const tap = SocketTap.of(response.socket);
  const plain = response.headers['transfer-encoding'] === undefined && response.listenerCount('data') === 0;
  if (tap === undefined || !plain || !(length >= minBulk) || response.destroyed || response.complete) return undefined;
  return new BulkBody(response, tap, length).pieces();
}

class BulkBody implements ByteTaker {
  readonly #response: IncomingMessage;
  readonly #tap: SocketTap;
  readonly #free: Buffer[] = [];
  readonly #full: Buffer[] = [];
  #made = 0;
  #current: Buffer | undefined;
  #filled = 0;
  /** Bytes that are still to come. */
  #left: number;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(response: IncomingMessage, tap: SocketTap, length: number) {
    this.#response = response;
    this.#tap = tap;
    this.#left = length;
    response.on('error', (error) => this.#fail(error));
    response.once('close', () => this.#fail(new Error('connection closed')));
    tap.turn(this);
    // What the parser has seen of the body.
    for (;;) {
      const seen: unknown = response.read();
      if (!Buffer.isBuffer(seen)) break;
      this.took(seen, seen.length);
    }
  }

  /** Each piece may be used until the next one is asked for. */
  async *pieces(): AsyncGenerator<Buffer, void, void> {
    try {
      for (;;) {
        const piece = await this.#next();
        if (piece === undefined) return;
        yield piece;
        this.#free.push(Buffer.from(piece.buffer));
        this.#tap.resume();
      }
    } finally {
      this.#response.destroy();
    }
  }

  space(): Uint8Array | undefined {
    this.#current ??= this.#takeBuffer();
    return this.#current?.subarray(this.#filled);
  }

  took(buffer: Uint8Array, count: number): boolean {
    const wanted = Math.min(count, this.#left);
    this.#left -= wanted;
    if (buffer.buffer === this.#current?.buffer) this.#filled += wanted;
    else this.#copy(buffer.subarray(0, wanted));
    const waitedFor = this.#wake !== undefined && this.#filled >= minPiece;
    if (waitedFor || this.#filled === bufferSize || this.#left === 0) this.#seal();
    if (this.#full.length > 0) this.#wake?.();
    return this.#left > 0 && (this.#current !== undefined || this.#free.length > 0 || this.#made < bufferCount);
  }

  /** Takes bytes that were read elsewhere; there may be more of them than buffers. */
  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      this.#current ??= this.#takeBuffer() ?? this.#makeBuffer();
      const count = Math.min(bytes.length - at, bufferSize - this.#filled);
      this.#current.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === bufferSize) this.#seal();
    }
  }

  #seal(): void {
    if (this.#current !== undefined && this.#filled > 0) this.#full.push(this.#current.subarray(0, this.#filled));
    this.#current = undefined;
    this.#filled = 0;
  }

  #takeBuffer(): Buffer | undefined {
    return this.#free.pop() ?? (this.#made < bufferCount ? this.#makeBuffer() : undefined);
  }

  #makeBuffer(): Buffer {
    this.#made++;
    return Buffer.allocUnsafeSlow(bufferSize);
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#full.length === 0 && this.#filled >= minPiece) this.#seal();
      const piece = this.#full.shift();
      if (piece !== undefined) return piece;
      if (this.#left === 0) return undefined;
      if (this.#failure instanceof KindError) throw this.#failure;
      if (this.#failure !== undefined) {
        const { message } = this.#failure;
        throw new KindError('unavailable', `response body broke off: ${message}`, { cause: this.#failure });
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }

  /** What came before is given out first. */
  #fail(error: Error): void {
    if (this.#left === 0) return;
    this.#failure ??= error;
    this.#seal();
    this.#wake?.();
  }
}
