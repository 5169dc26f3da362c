import { ContentCreate, ContentDelete } from '../../../api/gen/containerd/events/events.ts';
import type { Database, Writer } from '../../../pkg/database/database.ts';
import { parseDigest } from '../../../pkg/digest/parse-digest.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import { compileFilters } from '../../../pkg/filters/compile-filters.ts';
import { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import { applyLabelMask } from '../../../pkg/labels/apply-label-mask.ts';
import { noLabels, type Labels } from '../../../pkg/labels/labels.ts';
import { validateLabels } from '../../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../../pkg/labels/without-empty.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../../events/event-exchange.ts';
import { addToLease } from '../../metadata/add-to-lease.ts';
import { blobsTable } from '../../metadata/blobs-table.ts';
import { ingestsTable, type IngestRecord } from '../../metadata/ingests-table.ts';
import { namespacesTable } from '../../metadata/namespaces-table.ts';
import { removeFromLease } from '../../metadata/remove-from-lease.ts';
import { touchNamespace } from '../../metadata/touch-namespace.ts';
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
import { cleanUpContent, removeUnlinkedBlobs, removeUnlinkedIngests, type CleanUpParts } from './clean-up-content.ts';
import { Pins } from '../../../pkg/pins/pins.ts';
import { NamespacedWriter } from './namespaced-writer.ts';
import { SharedWriter } from './shared-writer.ts';

/**
 * Who may have a blob without sending its bytes, when another namespace has them: everybody who knows the digest, or
 * only for blobs of namespaces that carry the label `containerd.io/namespace.shareable=true`.
 */
export type ContentSharingPolicy = 'shared' | 'isolated';

/** What the store works with. */
export interface NamespacedContentParts {
  readonly backend: ContentStore;
  readonly database: Database;
  readonly events: Pick<EventExchange, 'publish'>;
  readonly policy: ContentSharingPolicy;
}

/** An ingest that no lease lists goes this long after it was last opened. */
const ingestLifetime = 24n * 60n * 60n * 1_000_000_000n;
/** Longest ref in bytes; the backend's ref has the namespace and a number in front. */
const maxRefLength = 4096;

/** Keeps namespaces apart over a store that knows none: who has a blob, its labels, its leases. */
export class NamespacedContentStore implements ContentStore {
  readonly #parts: NamespacedContentParts;
  readonly #digests = new KeyedMutex();
  readonly #pins = new Pins();

  constructor(parts: NamespacedContentParts) {
    this.#parts = parts;
  }

  info(scope: Scope, digest: string): Promise<ContentInfo> {
    return new Promise((resolve) => resolve(this.#record(scope, digest)));
  }

  async update(
    scope: Scope,
    info: Pick<ContentInfo, 'digest' | 'labels'>,
    paths: readonly string[],
  ): Promise<ContentInfo> {
    parseDigest(info.digest);
    return await this.#parts.database.update((tx) => {
      const current = tx.get(blobsTable, scope.namespace, info.digest);
      if (!current) throw blobNotFound(info.digest);
      const labels = applyLabelMask(current.labels, info.labels, paths);
      validateLabels(labels);
      const updated = { ...current, labels, updatedAt: nowNanoseconds() };
      tx.put(blobsTable, scope.namespace, info.digest, updated);
      return updated;
    });
  }

  async *list(scope: Scope, filters: readonly string[]): AsyncGenerator<ContentInfo> {
    const admits = compileFilters(filters);
    for (const [, info] of [...this.#parts.database.read.list(blobsTable, scope.namespace)]) {
      if (admits(contentFieldAdaptor(info))) yield info;
    }
  }

  async delete(scope: Scope, digest: string): Promise<void> {
    parseDigest(digest);
    await this.#parts.database.update((tx) => {
      if (!tx.get(blobsTable, scope.namespace, digest)) throw blobNotFound(digest);
      tx.delete(blobsTable, scope.namespace, digest);
      removeFromLease(tx, scope, { type: 'content', id: digest });
    });
    const value = ContentDelete.encode({ digest }).finish();
    this.#parts.events.publish(scope.namespace, '/content/delete', {
      typeUrl: 'containerd.events.ContentDelete',
      value,
    });
  }

  async reader(scope: Scope, digest: string): Promise<ContentReader> {
    const { size } = this.#record(scope, digest);
    const reader = await this.#parts.backend.reader(scope, digest);
    if (reader.size === size) return reader;
    await reader[Symbol.asyncDispose]();
    throw new KindError('data-loss', `content ${digest} has ${reader.size} bytes on disk instead of ${size}`);
  }

  async status(scope: Scope, ref: string): Promise<IngestStatus> {
    const record = this.#parts.database.read.get(ingestsTable, scope.namespace, ref);
    if (!record) throw ingestNotFound(ref);
    const status = await this.#statusOf(scope, record);
    if (!status) throw ingestNotFound(ref);
    return status;
  }

  async listStatuses(scope: Scope, filters: readonly string[]): Promise<readonly IngestStatus[]> {
    const admits = compileFilters(filters);
    const statuses: IngestStatus[] = [];
    for (const [, record] of [...this.#parts.database.read.list(ingestsTable, scope.namespace)]) {
      const status = await this.#statusOf(scope, record);
      if (status && admits(ingestFieldAdaptor(status))) statuses.push(status);
    }
    return statuses;
  }

  async abort(scope: Scope, ref: string): Promise<void> {
    const backendRef = await this.#parts.database.update((tx) => {
      const record = tx.get(ingestsTable, scope.namespace, ref);
      if (!record) throw ingestNotFound(ref);
      tx.delete(ingestsTable, scope.namespace, ref);
      removeFromLease(tx, scope, { type: 'ingests', id: ref });
      return record.backendRef;
    });
    await this.#discard(scope, backendRef);
  }

  async writer(scope: Scope, options: IngestOptions): Promise<ContentWriter> {
    const { ref, total = 0, expected = '' } = options;
    if (ref === '' || Buffer.byteLength(ref) > maxRefLength) {
      throw new KindError('invalid-argument', `ingest ref must have 1 to ${maxRefLength} bytes`);
    }
    if (expected !== '') parseDigest(expected);
    const record = await this.#openIngest(scope, ref, expected);
    if (!record) throw new KindError('already-exists', `content ${expected}`);
    const backend =
      (await this.#sharedWriter(scope, record, total)) ??
      // The backend is not told the digest: it may have the blob, which this namespace has to send all the same.
      (await this.#parts.backend.writer(scope, { ref: record.backendRef, total }));
    return new NamespacedWriter({
      ...{ ref, expected, backend },
      commit: (size, digest, labels) => this.#commit(scope, record, backend, { size, expected: digest, labels }),
    });
  }

  async cleanup(scope: Scope): Promise<void> {
    await cleanUpContent(this.#cleanUpParts(scope));
  }

  /** What `cleanup` does, for those who know which blobs have lost a record: it does not look at all others. */
  async removeUnlinked(scope: Scope, digests: Iterable<string>): Promise<void> {
    const parts = this.#cleanUpParts(scope);
    await removeUnlinkedBlobs(parts, digests);
    await removeUnlinkedIngests(parts);
  }

  #cleanUpParts(scope: Scope): CleanUpParts {
    const { backend, database } = this.#parts;
    return { scope, backend, database, digests: this.#digests, pins: this.#pins };
  }

  #record(scope: Scope, digest: string): ContentInfo {
    parseDigest(digest);
    const record = this.#parts.database.read.get(blobsTable, scope.namespace, digest);
    if (!record) throw blobNotFound(digest);
    return record;
  }

  async #statusOf(scope: Scope, record: IngestRecord): Promise<IngestStatus | undefined> {
    try {
      const status = await this.#parts.backend.status(scope, record.backendRef);
      return { ...status, ref: record.ref, expected: record.expected };
    } catch (error) {
      // An ingest of shared bytes has nothing in the backend.
      if (kindOf(error) === 'not-found') return undefined;
      throw error;
    }
  }

  /** The ingest's record, made or renewed; undefined when the namespace has the expected blob, which the lease then lists. */
  async #openIngest(scope: Scope, ref: string, expected: string): Promise<IngestRecord | undefined> {
    const { namespace } = scope;
    return await this.#parts.database.update((tx) => {
      if (expected !== '' && tx.get(blobsTable, namespace, expected)) {
        addToLease(tx, scope, { type: 'content', id: expected });
        return undefined;
      }
      touchNamespace(tx, namespace);
      addToLease(tx, scope, { type: 'ingests', id: ref });
      const backendRef =
        tx.get(ingestsTable, namespace, ref)?.backendRef ?? `${namespace}/${tx.nextSequence('ingests')}/${ref}`;
      const expireAt = scope.lease === undefined ? nowNanoseconds() + ingestLifetime : 0n;
      const record = { ref, backendRef, expireAt, expected };
      tx.put(ingestsTable, namespace, ref, record);
      return record;
    });
  }

  async #sharedWriter(scope: Scope, record: IngestRecord, total: number): Promise<ContentWriter | undefined> {
    const { ref, backendRef, expected } = record;
    const { backend } = this.#parts;
    if (expected === '' || !this.#mayShare(expected)) return undefined;
    const pin = this.#pins.pin(expected);
    try {
      // Waits for a cleanup that is about to delete it, and for a commit that is about to add it.
      const info = await this.#digests.run(expected, () => backend.info(scope, expected));
      if (total === 0 || total === info.size) {
        const now = nowNanoseconds();
        return new SharedWriter({
          status: { ref, expected, offset: info.size, total: info.size, startedAt: now, updatedAt: now },
          digest: expected,
          openBackend: () => backend.writer(scope, { ref: backendRef }),
          openReader: () => backend.reader(scope, expected),
          discardIngest: () => this.#discard(scope, backendRef),
          pin,
        });
      }
    } catch (error) {
      pin[Symbol.dispose]();
      if (kindOf(error) !== 'not-found') throw error;
    }
    pin[Symbol.dispose]();
    return undefined;
  }

  #mayShare(digest: string): boolean {
    const { database, policy } = this.#parts;
    if (policy === 'shared') return true;
    for (const namespace of database.read.groups(blobsTable)) {
      const labels = database.read.get(namespacesTable, '', namespace)?.labels;
      const shareable = labels?.get('containerd.io/namespace.shareable') === 'true';
      if (shareable && database.read.get(blobsTable, namespace, digest)) return true;
    }
    return false;
  }

  async #commit(
    scope: Scope,
    record: IngestRecord,
    writer: ContentWriter,
    wanted: { size: number; expected: string; labels?: Labels | undefined },
  ): Promise<void> {
    if (wanted.expected !== '') parseDigest(wanted.expected);
    const labels = withoutEmpty(wanted.labels ?? noLabels);
    validateLabels(labels);
    const { offset: size } = writer.status();
    const { digest, added } = await this.#digests.run(wanted.expected || writer.digest(), async () => {
      await writer.commit(wanted.size, wanted.expected).catch((error: unknown) => {
        // Another namespace has it: one file serves both.
        if (kindOf(error) !== 'already-exists') throw error;
      });
      const committed = wanted.expected || writer.digest();
      const info = { digest: committed, size, labels };
      return { digest: committed, added: await this.#parts.database.update((tx) => addBlob(tx, scope, record, info)) };
    });
    if (!added) throw new KindError('already-exists', `content ${digest}`);
    const value = ContentCreate.encode({ digest, size: BigInt(size) }).finish();
    this.#parts.events.publish(scope.namespace, '/content/create', {
      typeUrl: 'containerd.events.ContentCreate',
      value,
    });
  }

  async #discard(scope: Scope, backendRef: string): Promise<void> {
    await this.#parts.backend.abort(scope, backendRef).catch((error: unknown) => {
      if (kindOf(error) !== 'not-found') throw error;
    });
  }
}

/** Puts a blob in the ingest's place; false when the namespace has it. */
function addBlob(
  tx: Writer,
  scope: Scope,
  ingest: IngestRecord,
  blob: Pick<ContentInfo, 'digest' | 'size' | 'labels'>,
): boolean {
  const { namespace } = scope;
  const added = !tx.get(blobsTable, namespace, blob.digest);
  if (added) {
    const now = nowNanoseconds();
    touchNamespace(tx, namespace);
    tx.put(blobsTable, namespace, blob.digest, { ...blob, createdAt: now, updatedAt: now });
  }
  addToLease(tx, scope, { type: 'content', id: blob.digest });
  // The ref may name another ingest by now, when this one was aborted.
  if (tx.get(ingestsTable, namespace, ingest.ref)?.backendRef === ingest.backendRef) {
    tx.delete(ingestsTable, namespace, ingest.ref);
    removeFromLease(tx, scope, { type: 'ingests', id: ingest.ref });
  }
  return added;
}

function blobNotFound(digest: string): KindError {
  return new KindError('not-found', `content digest ${digest}`);
}

function ingestNotFound(ref: string): KindError {
  return new KindError('not-found', `ingest ref "${ref}"`);
}
