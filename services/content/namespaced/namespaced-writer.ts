import type { Labels } from '../../../pkg/labels/labels.ts';
import type { ContentWriter, GrowingFile, IngestStatus } from '../content-store.ts';

/** What ties a backend's writer to a namespace. */
export interface NamespacedWriterParts {
  readonly ref: string;
  readonly expected: string;
  readonly backend: ContentWriter;
  /** Commits the backend's writer and gives the blob to the namespace. */
  readonly commit: (size: number, expected: string, labels?: Labels) => Promise<void>;
}

/** Shows the client's ref in place of the backend's, and commits through the store. */
export class NamespacedWriter implements ContentWriter {
  readonly #parts: NamespacedWriterParts;

  constructor(parts: NamespacedWriterParts) {
    this.#parts = parts;
  }

  status(): IngestStatus {
    const { ref, expected, backend } = this.#parts;
    return { ...backend.status(), ref, expected };
  }

  digest(): string {
    return this.#parts.backend.digest();
  }

  write(data: Uint8Array): Promise<void> {
    return this.#parts.backend.write(data);
  }

  truncate(): Promise<void> {
    return this.#parts.backend.truncate();
  }

  async follow(): Promise<GrowingFile | undefined> {
    return await this.#parts.backend.follow?.();
  }

  async commit(size: number, expected: string, labels?: Labels): Promise<void> {
    try {
      await this.#parts.commit(size, expected, labels);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.backend[Symbol.asyncDispose]();
  }
}
