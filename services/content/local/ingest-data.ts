import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { DigestAlgorithm } from '../../../pkg/digest/parse-digest.ts';
import type { GrowingFile } from '../content-store.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import { IngestGrowth } from './ingest-growth.ts';

/** Hashing holds the loop (1 MiB: about a millisecond), so longer data is hashed in slices. */
const sliceSize = 1 << 20;
/** Small writes gather until there is this much; one larger than a quarter of it goes to the file as it is. */
const flushSize = 1 << 20;
/** A writer waits for the disk when this much is behind. */
const highWater = 4 << 20;

/**
 * The bytes of an ingest on their way to its `data` file, hashed as they pass.
 *
 * Small writes gather in memory and reach the file together; a file's bytes are always a prefix of what was
 * written. One call at a time. A failed write of the file fails this and every later call: the hash is ahead of the file.
 */
export class IngestData {
  readonly #handle: FileHandle;
  readonly #algorithm: DigestAlgorithm;
  #hash: Hash;
  #accepted = 0;
  #written = 0;
  #gathered = new GatheredBytes();
  #flushing: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;
  #digest: string | undefined;
  /** Those who read the file meanwhile. */
  readonly #followers = new Set<IngestGrowth>();

  private constructor(handle: FileHandle, algorithm: DigestAlgorithm) {
    this.#handle = handle;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** Opens a `data` file and hashes what is in it. */
  static async open(file: string, algorithm: DigestAlgorithm, signal?: AbortSignal): Promise<IngestData> {
    const handle = await open(file, 'r+');
    try {
      const data = new IngestData(handle, algorithm);
      const hashed = await hashFile(handle, algorithm, signal);
      data.#hash = hashed.hash;
      data.#accepted = data.#written = hashed.size;
      return data;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes accepted so far. */
  get size(): number {
    return this.#accepted;
  }

  /** The digest of all bytes accepted so far. */
  digest(): string {
    return (this.#digest ??= `${this.#algorithm}:${this.#hash.copy().digest('hex')}`);
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#check();
    if (bytes.length === 0) return;
    if (bytes.length >= flushSize / 4) {
      this.#gathered.keep(bytes);
      const flushed = this.flush();
      // A failure is met once the hashing, which goes on beside it, is done.
      flushed.catch(() => undefined);
      await this.#hashNext(bytes);
      await flushed;
      return;
    }
    await this.#hashNext(bytes);
    this.#gathered.copy(bytes);
    if (this.#gathered.size >= highWater) await this.flush();
    // A failure is kept and met by the next call.
    else if (this.#gathered.size >= flushSize) void this.#startFlush().catch(() => undefined);
  }

  async #hashNext(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += sliceSize) {
      if (start > 0) await setImmediate();
      this.#hash.update(bytes.subarray(start, start + sliceSize));
    }
    this.#digest = undefined;
    this.#accepted += bytes.length;
  }

  /** Brings what is gathered into the file. */
  async flush(): Promise<void> {
    this.#check();
    while (this.#gathered.size > 0 || this.#flushing) await this.#startFlush();
  }

  /** Lets somebody read the file behind us. @param reading the file, open for reading; closed when the growth is disposed */
  follow(reading: FileHandle): GrowingFile {
    const growth = new IngestGrowth(reading, this.#written, () => this.#followers.delete(growth));
    this.#followers.add(growth);
    return growth;
  }

  async truncate(): Promise<void> {
    await this.flush();
    for (const follower of this.#followers) follower.beginAnew();
    this.#followers.clear();
    await this.#handle.truncate(0);
    this.#accepted = this.#written = 0;
    this.#digest = undefined;
    this.#hash = createHash(this.#algorithm);
  }

  /** The digest of all bytes by any algorithm; reads the file again for another one than the running hash's. */
  async digestBy(algorithm: DigestAlgorithm, signal?: AbortSignal): Promise<string> {
    if (algorithm === this.#algorithm) return this.digest();
    await this.flush();
    const { hash } = await hashFile(this.#handle, algorithm, signal);
    return `${algorithm}:${hash.digest('hex')}`;
  }

  /** Makes the bytes durable and the file read-only. */
  async seal(): Promise<void> {
    await this.flush();
    await this.#handle.chmod(0o444);
    await this.#handle.datasync();
  }

  /** Closes the file; what is gathered reaches it if it can. Idempotent. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#closeFile();
    }
  }

  /** Closes the file of an ingest that is thrown away. */
  async discard(): Promise<void> {
    this.#gathered = new GatheredBytes();
    await this.#flushing?.catch(() => undefined);
    await this.#closeFile();
  }

  async #closeFile(): Promise<void> {
    for (const follower of this.#followers) follower.end();
    this.#followers.clear();
    await this.#handle.close();
  }

  #check(): void {
    if (!this.#failure) return;
    const { cause } = this.#failure;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`ingest could not be written (${reason})`, { cause });
  }

  #startFlush(): Promise<void> {
    this.#flushing ??= this.#writeGathered().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #writeGathered(): Promise<void> {
    const { parts, blocks } = this.#gathered.take();
    try {
      let chunks = parts;
      while (chunks.length > 0) {
        const { bytesWritten } = await this.#handle.writev(chunks.slice(0, 512), this.#written);
        this.#written += bytesWritten;
        for (const follower of this.#followers) follower.grow(this.#written);
        chunks = dropBytes(chunks, bytesWritten);
      }
      this.#gathered.release(blocks);
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }
}

/** What is left of `chunks` after their first `count` bytes. */
function dropBytes(chunks: Uint8Array[], count: number): Uint8Array[] {
  let index = 0;
  let left = count;
  for (let chunk = chunks[index]; chunk && left >= chunk.length; chunk = chunks[index]) {
    left -= chunk.length;
    index++;
  }
  const rest = chunks.slice(index);
  const first = rest[0];
  if (first && left > 0) rest[0] = first.subarray(left);
  return rest;
}

async function hashFile(
  handle: FileHandle,
  algorithm: DigestAlgorithm,
  signal?: AbortSignal,
): Promise<{ hash: Hash; size: number }> {
  const hash = createHash(algorithm);
  let size = 0;
  const { size: expected } = await handle.stat();
  if (expected === 0) return { hash, size };
  const buffer = Buffer.allocUnsafeSlow(Math.min(sliceSize, expected + 1));
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size);
    if (bytesRead === 0) return { hash, size };
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
