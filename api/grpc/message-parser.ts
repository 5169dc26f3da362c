import { KindError } from '../../pkg/errors/kind-error.ts';
import { tightView } from '../rpc/tight-view.ts';

const headerSize = 5;

/** Cuts a stream of bytes into gRPC messages (1 byte compressed flag, 4 bytes length, the message). */
export class MessageParser {
  readonly #limit: number;
  readonly #onMessage: (message: Uint8Array) => void;
  readonly #header = new Uint8Array(headerSize);
  #headerFilled = 0;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;

  /** @param limit the largest message to accept, in bytes */
  constructor(limit: number, onMessage: (message: Uint8Array) => void) {
    this.#limit = limit;
    this.#onMessage = onMessage;
  }

  /** Whether the bytes so far end within a message. */
  get partial(): boolean {
    return this.#headerFilled > 0;
  }

  /**
   * Takes the next bytes and hands out the messages that they complete.
   * @throws KindError `resource-exhausted` for a message over the limit, `unimplemented` for a compressed one; the
   * parser must not be used after that.
   */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length) {
      position =
        this.#body === undefined ? this.#readHeader(chunk, position) : this.#readBody(this.#body, chunk, position);
    }
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    let position = start;
    while (this.#headerFilled < headerSize && position < chunk.length) {
      this.#header[this.#headerFilled++] = chunk[position++] ?? 0;
    }
    if (this.#headerFilled < headerSize) return position;
    const length = this.#checkedLength();
    if (length <= chunk.length - position) {
      this.#headerFilled = 0;
      this.#onMessage(tightView(chunk, position, length));
      return position + length;
    }
    // Of memory that is used again; all of it is written before anybody sees it.
    this.#body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#bodyFilled = 0;
    return position;
  }

  #readBody(body: Uint8Array, chunk: Uint8Array, start: number): number {
    const count = Math.min(body.length - this.#bodyFilled, chunk.length - start);
    body.set(chunk.subarray(start, start + count), this.#bodyFilled);
    this.#bodyFilled += count;
    if (this.#bodyFilled === body.length) {
      this.#body = undefined;
      this.#headerFilled = 0;
      this.#onMessage(body);
    }
    return start + count;
  }

  #checkedLength(): number {
    const header = this.#header;
    if (header[0] !== 0) throw new KindError('unimplemented', 'compressed message (only identity is accepted)');
    const length = new DataView(header.buffer).getUint32(1);
    if (length > this.#limit) {
      throw new KindError(
        'resource-exhausted',
        `received message larger than max (${length} vs. ${this.#limit} bytes)`,
      );
    }
    return length;
  }
}
