import { KindError } from '../../../pkg/errors/kind-error.ts';
import type { ContentReader, ContentWriter, IngestStatus } from '../content-store.ts';

/** What a writer of bytes that are there already is made of. */
export interface SharedWriterParts {
  readonly status: IngestStatus;
  readonly digest: string;
  /** Opens the backend's ingest, for a client that insists on writing. */
  readonly openBackend: () => Promise<ContentWriter>;
  readonly openReader: () => Promise<ContentReader>;
  /** Throws away what an earlier writer of the ref left. */
  readonly discardIngest: () => Promise<void>;
  /** Keeps the bytes from being deleted meanwhile. */
  readonly pin: Disposable;
}

/**
 * An ingest of bytes that another namespace has: complete from the start, and its commit adds none.
 *
 * A client that writes or truncates all the same gets a backend ingest with a copy of the bytes.
 */
export class SharedWriter implements ContentWriter {
  readonly #parts: SharedWriterParts;
  #own: ContentWriter | undefined;
  #closed = false;

  constructor(parts: SharedWriterParts) {
    this.#parts = parts;
  }

  status(): IngestStatus {
    return this.#own?.status() ?? this.#parts.status;
  }

  digest(): string {
    return this.#own?.digest() ?? this.#parts.digest;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#checkOpen();
    this.#own ??= await this.#copy();
    await this.#own.write(data);
  }

  async truncate(): Promise<void> {
    this.#checkOpen();
    this.#own ??= await this.#parts.openBackend();
    await this.#own.truncate();
  }

  async commit(size: number, expected: string): Promise<void> {
    this.#checkOpen();
    if (this.#own) return await this.#own.commit(size, expected);
    try {
      const { digest, status } = this.#parts;
      if (size > 0 && size !== status.offset) {
        throw new KindError('failed-precondition', `unexpected commit size ${status.offset}, expected ${size}`);
      }
      if (expected !== '' && expected !== digest) {
        throw new KindError('failed-precondition', `unexpected commit digest ${digest}, expected ${expected}`);
      }
      await this.#parts.discardIngest();
    } finally {
      this.#closed = true;
    }
  }

  /** Idempotent. The pin goes here and not at the commit: the record that replaces it is written in between. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    try {
      await this.#own?.[Symbol.asyncDispose]();
    } finally {
      this.#parts.pin[Symbol.dispose]();
    }
  }

  async #copy(): Promise<ContentWriter> {
    await using reader = await this.#parts.openReader();
    const writer = await this.#parts.openBackend();
    try {
      await writer.truncate();
      const buffer = Buffer.allocUnsafeSlow(1 << 20);
      for (let offset = 0, count = -1; count !== 0; offset += count) {
        count = await reader.read(buffer, offset);
        await writer.write(buffer.subarray(0, count));
      }
      return writer;
    } catch (error) {
      await writer[Symbol.asyncDispose]();
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new KindError('failed-precondition', `ingest "${this.#parts.status.ref}": writer is closed`);
  }
}
