import { tightView } from '../rpc/tight-view.ts';
import { frameHeaderSize, maxFramePayload, type Frame } from './frame.ts';

/** What a {@link FrameDecoder} finds. */
export interface FrameListener {
  frame(frame: Frame): void;
  /** A frame over the limit; its payload is being discarded. */
  oversized(head: Omit<Frame, 'payload'>, length: number): void;
}

/** Cuts a stream of bytes, however it is chunked, into frames. */
export class FrameDecoder {
  readonly #listener: FrameListener;
  readonly #header = new Uint8Array(frameHeaderSize);
  #headerFilled = 0;
  #head: Omit<Frame, 'payload'> | undefined;
  #payload = new Uint8Array();
  #filled = 0;
  #discard = 0;
  #ended = false;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Takes the next bytes and hands out the frames that they complete. */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length && !this.#ended) {
      if (this.#discard > 0) position += this.#skip(chunk.length - position);
      else if (this.#head !== undefined) position += this.#fill(this.#head, chunk, position);
      else position = this.#readHeader(chunk, position);
    }
  }

  /** Drops the frame that has begun, with the room for its rest; nothing is handed out afterwards. For the end of the stream. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#head = undefined;
    this.#payload = new Uint8Array();
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    const count = Math.min(frameHeaderSize - this.#headerFilled, chunk.length - start);
    this.#header.set(chunk.subarray(start, start + count), this.#headerFilled);
    this.#headerFilled += count;
    const position = start + count;
    if (this.#headerFilled < frameHeaderSize) return position;
    this.#headerFilled = 0;
    const view = new DataView(this.#header.buffer);
    const length = view.getUint32(0);
    const head = { stream: view.getUint32(4), type: view.getUint8(8), flags: view.getUint8(9) };
    if (length > maxFramePayload) {
      this.#discard = length;
      this.#listener.oversized(head, length);
      return position;
    }
    if (length <= chunk.length - position) {
      this.#listener.frame({ ...head, payload: tightView(chunk, position, length) });
      return position + length;
    }
    this.#head = head;
    this.#payload = new Uint8Array(length);
    this.#filled = 0;
    return position;
  }

  #fill(head: Omit<Frame, 'payload'>, chunk: Uint8Array, start: number): number {
    const count = Math.min(this.#payload.length - this.#filled, chunk.length - start);
    this.#payload.set(chunk.subarray(start, start + count), this.#filled);
    this.#filled += count;
    if (this.#filled === this.#payload.length) {
      const payload = this.#payload;
      this.#head = undefined;
      this.#payload = new Uint8Array();
      this.#listener.frame({ ...head, payload });
    }
    return count;
  }

  #skip(available: number): number {
    const count = Math.min(this.#discard, available);
    this.#discard -= count;
    return count;
  }
}
