import type { ContentReader } from '../content-store.ts';
import type { OpenBlob, OpenBlobs } from './open-blobs.ts';

/** Reads a blob's file through a descriptor that stays open meanwhile, so that a deletion does not cut the reader off. */
export class LocalContentReader implements ContentReader {
  readonly size: number;
  readonly file: string;
  readonly #blobs: OpenBlobs;
  #blob: OpenBlob | undefined;

  private constructor(blobs: OpenBlobs, blob: OpenBlob) {
    this.#blobs = blobs;
    this.#blob = blob;
    this.file = blob.file;
    this.size = blob.size;
  }

  static async open(blobs: OpenBlobs, file: string): Promise<LocalContentReader> {
    return new LocalContentReader(blobs, await blobs.acquire(file));
  }

  /** @throws Error when it was disposed. */
  async read(into: Uint8Array, offset: number): Promise<number> {
    const { bytesRead } = await this.#open().handle.read(into, 0, into.length, offset);
    return bytesRead;
  }

  /** @throws Error when it was disposed. */
  async piece(offset: number, length: number): Promise<Uint8Array> {
    return await this.#blobs.ahead.piece(this.#open(), offset, length);
  }

  #open(): OpenBlob {
    if (this.#blob) return this.#blob;
    throw new Error(`reader of ${this.file} is closed`);
  }

  /** Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const blob = this.#blob;
    this.#blob = undefined;
    if (blob) await this.#blobs.release(blob);
  }
}
