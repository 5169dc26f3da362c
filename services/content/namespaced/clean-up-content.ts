import { forEachLimited } from '../../../pkg/concurrency/for-each-limited.ts';
import type { Database, Reader } from '../../../pkg/database/database.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import { blobsTable } from '../../metadata/blobs-table.ts';
import { ingestsTable } from '../../metadata/ingests-table.ts';
import type { ContentStore } from '../content-store.ts';
import type { Pins } from '../../../pkg/pins/pins.ts';

/** Blobs that are deleted at a time. */
const removalsAtOnce = 8;

/** What a cleanup works with. */
export interface CleanUpParts {
  readonly scope: Scope;
  readonly backend: ContentStore;
  readonly database: Database;
  /** Held for a digest from before a commit publishes its file until its record is there. */
  readonly digests: KeyedMutex;
  readonly pins: Pins;
}

/**
 * Deletes the backend's blobs and ingests that no record names.
 *
 * Each is looked at on its own, under the lock that commits hold, so it may run beside every other call and stop anywhere.
 */
export async function cleanUpContent(parts: CleanUpParts): Promise<void> {
  const unnamed: string[] = [];
  for await (const { digest } of parts.backend.list(parts.scope, [])) {
    if (!isNamed(parts.database.read, digest)) unnamed.push(digest);
  }
  await removeUnlinkedBlobs(parts, unnamed);
  await removeUnlinkedIngests(parts);
}

/** Deletes those of the blobs that no record names, each under the lock that commits hold. */
export async function removeUnlinkedBlobs(parts: CleanUpParts, among: Iterable<string>): Promise<void> {
  const { scope, backend, database, digests, pins } = parts;
  const unused = (digest: string): boolean => !pins.has(digest) && !isNamed(database.read, digest);
  await forEachLimited(new Set(among), removalsAtOnce, async (digest) => {
    scope.signal?.throwIfAborted();
    if (!unused(digest)) return;
    using _lock = await digests.lock(digest);
    if (unused(digest)) await backend.delete(scope, digest).catch(unlessNotFound);
  });
}

/** Deletes the backend's ingests that no record names. */
export async function removeUnlinkedIngests({ scope, backend, database }: CleanUpParts): Promise<void> {
  for (const { ref } of await backend.listStatuses(scope, [])) {
    // Its record is on disk before an ingest is made, so one without a record is nobody's.
    if (!isIngest(database.read, ref)) await backend.abort(scope, ref).catch(unlessNotFound);
  }
}

/** Takes away the records of ingests whose bytes are gone; for the start, when none is open. */
export async function dropLostIngests({
  backend,
  database,
}: Pick<CleanUpParts, 'backend' | 'database'>): Promise<void> {
  // The backend knows no namespaces.
  const scope = { namespace: 'default' };
  const there = new Set((await backend.listStatuses(scope, [])).map(({ ref }) => ref));
  const lost: [namespace: string, ref: string][] = [];
  for (const namespace of database.read.groups(ingestsTable)) {
    for (const [ref, record] of database.read.list(ingestsTable, namespace)) {
      if (!there.has(record.backendRef)) lost.push([namespace, ref]);
    }
  }
  if (lost.length === 0) return;
  await database.update((tx) => {
    for (const [namespace, ref] of lost) tx.delete(ingestsTable, namespace, ref);
  });
}

function isNamed(read: Reader, digest: string): boolean {
  for (const namespace of read.groups(blobsTable)) {
    if (read.get(blobsTable, namespace, digest)) return true;
  }
  return false;
}

function isIngest(read: Reader, backendRef: string): boolean {
  const [namespace = '', , ...ref] = backendRef.split('/');
  return read.get(ingestsTable, namespace, ref.join('/'))?.backendRef === backendRef;
}

function unlessNotFound(error: unknown): void {
  if (kindOf(error) !== 'not-found') throw error;
}
