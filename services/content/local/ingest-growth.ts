import type { FileHandle } from 'node:fs/promises';
import type { GrowingFile } from '../content-store.ts';

interface Waiting {
  readonly bytes: number;
  readonly resolve: (there: boolean) => void;
}

/** Tells one reader of an ingest's file how far it has been written. */
export class IngestGrowth implements GrowingFile {
  readonly available = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #file: FileHandle;
  readonly #onDispose: () => void;
  #waiting: Waiting[] = [];
  #written: number;
  #ended = false;

  /** @param file open for reading; closed by the disposal */
  constructor(file: FileHandle, written: number, onDispose: () => void) {
    this.#file = file;
    this.#onDispose = onDispose;
    this.#written = written;
    this.#tell();
  }

  /** Through our own descriptor, since the file is renamed once it is a blob. */
  get path(): string {
    return `/proc/self/fd/${this.#file.fd}`;
  }

  reached(bytes: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ bytes, resolve });
    this.#tell();
    return promise;
  }

  /** The file's first `written` bytes are those of the ingest. */
  grow(written: number): void {
    this.#written = written;
    this.#tell();
  }

  /** What was written is about to be thrown away; nothing is told afterwards. */
  beginAnew(): void {
    this.#written = -1;
    this.end();
  }

  /** Nothing will be added. */
  end(): void {
    this.#ended = true;
    this.#tell();
  }

  /** Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#onDispose();
    this.end();
    await this.#file.close();
  }

  #tell(): void {
    Atomics.store(this.available, 0, BigInt(this.#written));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (this.#written >= each.bytes) each.resolve(true);
      else if (this.#ended) each.resolve(false);
      else this.#waiting.push(each);
    }
  }
}
