import type { Scope } from '../../pkg/scope/scope.ts';

/** A blob's record. */
export interface ContentInfo {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly labels: ReadonlyMap<string, string>;
}

/** An unfinished blob. */
export interface IngestStatus {
  readonly ref: string;
  /** Bytes that are there. */
  readonly offset: number;
  /** Bytes that there will be; 0 when unknown. */
  readonly total: number;
  /** The digest that the blob will have; empty when unknown. */
  readonly expected: string;
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
}

/** Reads one blob; it stays readable while open, even when it is deleted meanwhile. */
export interface ContentReader extends AsyncDisposable {
  readonly size: number;
  /** The blob's file, where there is one: for a worker or a program that reads on its own. */
  readonly file?: string;
  /** Reads at most `into.length` bytes at `offset`; resolves with their number, 0 at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /**
   * At most `length` bytes at `offset`, fewer only at the end, in memory that may be shared: they must not be altered. Only where that
   * costs less than `read`.
   */
  piece?(offset: number, length: number): Promise<Uint8Array>;
}

/** An ingest's file, for somebody who reads behind its writer. Disposing lets go of it. */
export interface GrowingFile extends AsyncDisposable {
  /** Can be opened for reading until this is disposed, whatever becomes of the ingest. */
  readonly path: string;
  /** One number, for threads: how many bytes can be read; -1 once they are no longer what the ingest begins with. */
  readonly available: BigInt64Array<SharedArrayBuffer>;
  /** Whether so many bytes are there: true once they are, false when they will not be, as the writer has closed or begun anew. */
  reached(bytes: number): Promise<boolean>;
}

/** What opens an ingest. */
export interface IngestOptions {
  /** The caller's name for it: one writer at a time, and the same ref resumes it. */
  readonly ref: string;
  readonly total?: number;
  readonly expected?: string;
}

/** Writes one ingest. Disposing without a commit leaves it there to be resumed. */
export interface ContentWriter extends AsyncDisposable {
  /** As it is now. */
  status(): IngestStatus;
  /** The digest of the bytes so far. */
  digest(): string;
  /** Appends; the buffer may be reused once the promise settles. */
  write(data: Uint8Array): Promise<void>;
  /** Throws the bytes away and starts again from nothing. */
  truncate(): Promise<void>;
  /**
   * The file that is written, to be read meanwhile; its bytes are verified by nobody before the commit. Missing, or undefined, where there
   * is none or the writer is closed.
   */
  follow?(): Promise<GrowingFile | undefined>;
  /**
   * Makes the ingest a blob.
   * @throws KindError `failed-precondition` when `size` (if above 0) or `expected` (if not empty) is not what
   * was written; `already-exists` when the blob is there. In both cases nothing was added.
   */
  commit(size: number, expected: string, labels?: ReadonlyMap<string, string>): Promise<void>;
}

/**
 * Keeps blobs under their digests, and ingests on their way to be blobs.
 *
 * Life of a blob: `writer` opens an ingest by ref, or resumes it, in which case the bytes that are there are
 * hashed again. Bytes are appended; `commit` verifies size and digest, makes the bytes durable, and only then
 * is there a blob: it is never served under a digest that it was not verified against. One writer at a time
 * holds a ref; a second one gets `unavailable` ("ref … locked for …"). A writer whose `expected` blob exists
 * gets `already-exists`. `abort` throws an ingest away. A blob is read through `reader` and gone, for this
 * namespace, after `delete`; its bytes go when no namespace has it.
 *
 * Errors: `not-found` for an unknown digest or ref, `invalid-argument` for a malformed digest or filter.
 *
 * @example
 * await using writer = await store.writer(scope, { ref: 'layer-sha256:…', expected: 'sha256:…', total: 1024 });
 * for await (const chunk of body) await writer.write(chunk);
 * await writer.commit(1024, 'sha256:…');
 */
export interface ContentStore {
  /** Set where a process of somebody else's answers, as late as it likes: nobody else waits for it, the daemon's start least of all. */
  readonly remote?: boolean;
  info(scope: Scope, digest: string): Promise<ContentInfo>;
  /** Changes labels: those named by `paths` (`labels`, `labels.<key>`), or all when `paths` is empty. */
  update(scope: Scope, info: Pick<ContentInfo, 'digest' | 'labels'>, paths: readonly string[]): Promise<ContentInfo>;
  /** In bytewise order of the digests. */
  list(scope: Scope, filters: readonly string[]): AsyncIterable<ContentInfo>;
  delete(scope: Scope, digest: string): Promise<void>;
  reader(scope: Scope, digest: string): Promise<ContentReader>;
  status(scope: Scope, ref: string): Promise<IngestStatus>;
  listStatuses(scope: Scope, filters: readonly string[]): Promise<readonly IngestStatus[]>;
  abort(scope: Scope, ref: string): Promise<void>;
  writer(scope: Scope, options: IngestOptions): Promise<ContentWriter>;
  /**
   * Deletes the bytes of blobs that no namespace has and of ingests that no record names, of all namespaces. Safe
   * beside every other call; whoever took records away calls it.
   */
  cleanup?(scope: Scope): Promise<void>;
}
