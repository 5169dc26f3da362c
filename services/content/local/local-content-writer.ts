import { open } from 'node:fs/promises';
import { parseDigest, type DigestAlgorithm } from '../../../pkg/digest/parse-digest.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { nowNanoseconds } from '../../../pkg/time/now-nanoseconds.ts';
import type { ContentWriter, GrowingFile, IngestStatus } from '../content-store.ts';
import type { IngestData } from './ingest-data.ts';
import { isMissing, type IngestDirectory } from './ingest-directory.ts';

/** What a writer is opened with. */
export interface LocalWriterParts {
  readonly directory: IngestDirectory;
  readonly data: IngestData;
  readonly ref: string;
  readonly total: number;
  readonly expected: string;
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
  /** Held until the writer is closed. */
  readonly lock: Disposable;
  /** Moves the sealed data file to its place among the blobs; false when a blob is there already. */
  readonly publish: (digest: string) => Promise<boolean>;
  /** Called once, when the writer lets go of the ingest. */
  readonly onClose: () => void;
}

type State = 'open' | 'closed' | 'aborted';

/** Writes one ingest directory. A failed commit closes it; the ingest stays and can be resumed. */
export class LocalContentWriter implements ContentWriter {
  readonly #parts: LocalWriterParts;
  #updatedAt: bigint;
  #state: State = 'open';
  #finalDigest: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: LocalWriterParts) {
    this.#parts = parts;
    this.#updatedAt = parts.updatedAt;
  }

  status(): IngestStatus {
    const { ref, total, expected, startedAt, data } = this.#parts;
    return { ref, offset: data.size, total, expected, startedAt, updatedAt: this.#updatedAt };
  }

  digest(): string {
    return this.#finalDigest ?? this.#parts.data.digest();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#checkOpen();
    await this.#parts.data.append(bytes);
    this.#updatedAt = nowNanoseconds();
  }

  async truncate(): Promise<void> {
    this.#checkOpen();
    await this.#parts.data.truncate();
    this.#updatedAt = nowNanoseconds();
  }

  async follow(): Promise<GrowingFile | undefined> {
    if (this.#state !== 'open') return undefined;
    const { data, directory } = this.#parts;
    const file = await open(directory.data, 'r').catch((error: unknown) => {
      // It has just become a blob.
      if (isMissing(error)) return undefined;
      throw error;
    });
    // While we are open, the ref and its directory are ours; later they may be another's.
    if (file !== undefined && this.#isOpen()) return data.follow(file);
    await file?.close();
    return undefined;
  }

  async commit(size: number, expected: string): Promise<void> {
    this.#checkOpen();
    try {
      const digest = await this.#verify(size, expected);
      await this.#parts.data.seal();
      if (this.#state === 'aborted') throw this.#abortedError();
      const added = await this.#parts.publish(digest);
      this.#finalDigest = digest;
      await this.#close(() => this.#parts.data.discard());
      await this.#parts.directory.remove();
      if (!added) throw new KindError('already-exists', `content ${digest}`);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** Throws the ingest away under the writer's feet; later calls fail. */
  async abort(): Promise<void> {
    if (this.#state === 'open') this.#state = 'aborted';
    await this.#close(() => this.#parts.data.discard());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close(async () => {
      await this.#parts.data.close();
      if (this.#updatedAt !== this.#parts.updatedAt) await this.#parts.directory.touch(this.#updatedAt);
    });
  }

  async #verify(size: number, expected: string): Promise<string> {
    const { data } = this.#parts;
    if (size > 0 && size !== data.size) {
      throw new KindError('failed-precondition', `unexpected commit size ${data.size}, expected ${size}`);
    }
    const digest = expected === '' ? data.digest() : await data.digestBy(algorithmOf(expected));
    if (expected !== '' && digest !== expected) {
      throw new KindError('failed-precondition', `unexpected commit digest ${digest}, expected ${expected}`);
    }
    return digest;
  }

  #close(release: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#closeOnce(release);
    return this.#closing;
  }

  async #closeOnce(release: () => Promise<void>): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    try {
      // The digest is still asked for after the close.
      this.#finalDigest ??= this.#parts.data.digest();
      await release();
    } finally {
      this.#parts.onClose();
      this.#parts.lock[Symbol.dispose]();
    }
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #checkOpen(): void {
    if (this.#state === 'aborted') throw this.#abortedError();
    if (this.#state === 'closed') {
      throw new KindError('failed-precondition', `ingest "${this.#parts.ref}": writer is closed`);
    }
  }

  #abortedError(): KindError {
    return new KindError('not-found', `ingest "${this.#parts.ref}" was aborted`);
  }
}

function algorithmOf(digest: string): DigestAlgorithm {
  return parseDigest(digest).algorithm;
}
