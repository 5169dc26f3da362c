import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest, type DigestAlgorithm } from '../../../pkg/digest/parse-digest.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../../pkg/filters/compile-filters.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../../pkg/time/now-nanoseconds.ts';
import { contentFieldAdaptor } from '../content-field-adaptor.ts';
import type {
  ContentInfo,
  ContentReader,
  ContentStore,
  ContentWriter,
  IngestOptions,
  IngestStatus,
} from '../content-store.ts';
import { ingestFieldAdaptor } from '../ingest-field-adaptor.ts';
import { IngestData } from './ingest-data.ts';
import { IngestDirectory, isMissing, type IngestRecord } from './ingest-directory.ts';
import { LocalContentReader } from './local-content-reader.ts';
import { LocalContentWriter } from './local-content-writer.ts';
import { OpenBlobs } from './open-blobs.ts';
import { RefLocks } from './ref-locks.ts';
import { SharedSync } from './shared-sync.ts';

/** Longest ref in bytes. */
const maxRefLength = 8192;
const noLabels: ReadonlyMap<string, string> = new Map();
const algorithms: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];

/**
 * Blobs and ingests in one directory, without namespaces and labels.
 *
 * `blobs/<algorithm>/<hex>` (mode 0444) are the blobs, `ingest/<sha256 of the ref>/` the ingests: containerd's layout. A commit
 * syncs the data, renames it, syncs the directory, and then answers. `update` is refused: there is no place for labels.
 */
export class LocalContentStore implements ContentStore {
  readonly #root: string;
  readonly #ingests: string;
  readonly #blobs = new OpenBlobs();
  readonly #locks = new RefLocks();
  /** The writers that are open, by ref. */
  readonly #writers = new Map<string, LocalContentWriter>();
  readonly #syncs = new Map<DigestAlgorithm, SharedSync>();

  private constructor(root: string) {
    this.#root = root;
    this.#ingests = join(root, 'ingest');
  }

  /** Opens the store in a directory, which is made if need be, and clears ingests that a crash left without their parts. */
  static async open(root: string): Promise<LocalContentStore> {
    const store = new LocalContentStore(root);
    await mkdir(store.#ingests, { recursive: true, mode: 0o755 });
    for (const name of await readdir(store.#ingests)) {
      const directory = new IngestDirectory(join(store.#ingests, name));
      if (!(await directory.read())) await directory.remove();
    }
    for (const algorithm of algorithms) {
      const directory = join(root, 'blobs', algorithm);
      if (algorithm === 'sha256') await mkdir(directory, { recursive: true, mode: 0o755 });
      store.#syncs.set(algorithm, new SharedSync(directory));
    }
    return store;
  }

  async info(_scope: Scope, digest: string): Promise<ContentInfo> {
    return await this.#info(digest);
  }

  update(): Promise<ContentInfo> {
    return Promise.reject(new KindError('failed-precondition', 'update not supported on immutable content store'));
  }

  async *list(_scope: Scope, filters: readonly string[]): AsyncGenerator<ContentInfo> {
    const admits = compileFilters(filters);
    for (const algorithm of algorithms) {
      const names = await readdir(join(this.#root, 'blobs', algorithm)).catch(emptyIfMissing);
      for (const name of names.sort()) {
        const info = await this.#info(`${algorithm}:${name}`).catch(() => undefined);
        if (info && admits(contentFieldAdaptor(info))) yield info;
      }
    }
  }

  async delete(_scope: Scope, digest: string): Promise<void> {
    try {
      await rm(this.#blobPath(digest));
      await this.#blobs.forget(this.#blobPath(digest));
    } catch (error) {
      throw isMissing(error) ? notFound(digest) : error;
    }
  }

  async reader(_scope: Scope, digest: string): Promise<ContentReader> {
    try {
      return await LocalContentReader.open(this.#blobs, this.#blobPath(digest));
    } catch (error) {
      throw isMissing(error) ? notFound(digest) : error;
    }
  }

  async status(_scope: Scope, ref: string): Promise<IngestStatus> {
    const open = this.#writers.get(ref);
    if (open) return open.status();
    const record = await IngestDirectory.of(this.#ingests, ref).read();
    if (!record) throw new KindError('not-found', `ingest "${ref}"`);
    return statusOf(record);
  }

  async listStatuses(_scope: Scope, filters: readonly string[]): Promise<readonly IngestStatus[]> {
    const admits = compileFilters(filters);
    const statuses: IngestStatus[] = [];
    for (const name of await readdir(this.#ingests)) {
      const record = await new IngestDirectory(join(this.#ingests, name)).read();
      if (!record) continue;
      const status = this.#writers.get(record.ref)?.status() ?? statusOf(record);
      if (admits(ingestFieldAdaptor(status))) statuses.push(status);
    }
    return statuses;
  }

  async abort(_scope: Scope, ref: string): Promise<void> {
    const writer = this.#writers.get(ref);
    await writer?.abort();
    const directory = IngestDirectory.of(this.#ingests, ref);
    try {
      await rm(directory.path, { recursive: true });
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (!writer) throw new KindError('not-found', `ingest "${ref}"`);
    }
  }

  async writer(scope: Scope, options: IngestOptions): Promise<ContentWriter> {
    const { ref, total = 0, expected = '' } = options;
    if (ref === '' || Buffer.byteLength(ref) > maxRefLength) {
      throw new KindError('invalid-argument', `ingest ref must have 1 to ${maxRefLength} bytes`);
    }
    const algorithm = expected === '' ? 'sha256' : parseDigest(expected).algorithm;
    const lock = await this.#locks.lock(ref, scope.signal);
    try {
      if (expected !== '' && (await this.#exists(expected)))
        throw new KindError('already-exists', `content ${expected}`);
      const directory = IngestDirectory.of(this.#ingests, ref);
      const record = await openRecord(directory, ref, total);
      const data = await IngestData.open(directory.data, algorithm, scope.signal);
      const writer = new LocalContentWriter({
        ...{ directory, data, ref, total: total || record.total, expected, lock },
        ...{ startedAt: record.startedAt, updatedAt: record.updatedAt },
        publish: (digest) => this.#publish(directory, digest),
        onClose: () => this.#writers.delete(ref),
      });
      this.#writers.set(ref, writer);
      return writer;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  async #info(digest: string): Promise<ContentInfo> {
    try {
      const found = await stat(this.#blobPath(digest), { bigint: true });
      const size = Number(found.size);
      return { digest, size, createdAt: found.mtimeNs, updatedAt: found.mtimeNs, labels: noLabels };
    } catch (error) {
      throw isMissing(error) ? notFound(digest) : error;
    }
  }

  async #exists(digest: string): Promise<boolean> {
    try {
      await stat(this.#blobPath(digest));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Renames sealed data to its blob's place, durably; false when the blob is there, which then wins. */
  async #publish(directory: IngestDirectory, digest: string): Promise<boolean> {
    if (await this.#exists(digest)) return false;
    const { algorithm } = parseDigest(digest);
    const target = this.#blobPath(digest);
    try {
      await rename(directory.data, target);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await mkdir(join(this.#root, 'blobs', algorithm), { recursive: true, mode: 0o755 });
      await new SharedSync(join(this.#root, 'blobs')).sync();
      await rename(directory.data, target);
    }
    await this.#syncs.get(algorithm)?.sync();
    return true;
  }

  #blobPath(digest: string): string {
    const { algorithm, hex } = parseDigest(digest);
    return join(this.#root, 'blobs', algorithm, hex);
  }
}

/** What is there to resume, or a new ingest when that is nothing, damaged, or meant for another size. */
async function openRecord(directory: IngestDirectory, ref: string, total: number): Promise<IngestRecord> {
  const found = await directory.read();
  const sameTotal = found && (total === 0 || found.total === 0 || found.total === total);
  if (found && found.ref === ref && sameTotal) return found;
  const now = nowNanoseconds();
  await directory.create(ref, total, now);
  return { ref, size: 0, total, startedAt: now, updatedAt: now };
}

function statusOf(record: IngestRecord): IngestStatus {
  const { ref, size, total, startedAt, updatedAt } = record;
  return { ref, offset: size, total, expected: '', startedAt, updatedAt };
}

function notFound(digest: string): KindError {
  return new KindError('not-found', `content ${digest}`);
}

function emptyIfMissing(error: unknown): string[] {
  if (isMissing(error)) return [];
  throw error;
}
