import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { ContentCreate } from '../../../../../api/gen/containerd/events/events.ts';
import type { Any } from '../../../../../api/gen/google/protobuf/any.ts';
import type { Database } from '../../../../../pkg/database/database.ts';
import { openDatabase } from '../../../../../pkg/database/open-database.ts';
import { LocalContentStore } from '../../../../../services/content/local/local-content-store.ts';
import { openNamespacedContent } from '../../../../../services/content/namespaced/open-namespaced-content.ts';
import { ingestsTable } from '../../../../../services/metadata/ingests-table.ts';
import { leaseResourcesTable } from '../../../../../services/metadata/lease-resources-table.ts';
import { leasesTable } from '../../../../../services/metadata/leases-table.ts';
import { namespacesTable } from '../../../../../services/metadata/namespaces-table.ts';
import { schema } from '../../../../../services/metadata/schema.ts';
import { contentStoreSuite, ingest, isKind, readAll, sha256 } from '../../../../suites/content-store-suite.ts';
import { quietLogger } from '../../../../suites/quiet-logger.ts';

const scope = { namespace: 'default' };

interface Published {
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

async function open(path: string, policy: 'shared' | 'isolated' = 'shared') {
  const database: Database = await openDatabase(join(path, 'db'), schema);
  const events: Published[] = [];
  const publish = (namespace: string, topic: string, event: Any) => void events.push({ namespace, topic, event });
  const backend = await LocalContentStore.open(join(path, 'content'));
  const store = await openNamespacedContent({ backend, database, events: { publish }, policy }, quietLogger);
  return { store, backend, database, events, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), 'gantry-content-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

contentStoreSuite('namespaced', { labels: true, namespaces: true, file: true, sha512: true }, async () => {
  const directory = await temporary();
  const opened = await open(directory.path);
  return {
    ...{ store: opened.store, scope },
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
});

it('publishes what was added and deleted', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const digest = await ingest(opened.store, scope, Buffer.from('event'));
  await opened.store.delete(scope, digest);
  assert.deepEqual(
    opened.events.map(({ namespace, topic, event }) => [namespace, topic, event.typeUrl]),
    [
      ['default', '/content/create', 'containerd.events.ContentCreate'],
      ['default', '/content/delete', 'containerd.events.ContentDelete'],
    ],
  );
  const created = ContentCreate.decode(opened.events[0]?.event.value ?? new Uint8Array());
  assert.deepEqual(created, { digest, size: 5n });
});

it('lists what it makes in the lease', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { store, database } = opened;
  const leased = { namespace: 'default', lease: 'l1' };
  await assert.rejects(store.writer(leased, { ref: 'r' }), isKind('not-found', /lease "l1"/));
  assert.equal(database.read.get(ingestsTable, 'default', 'r'), undefined);
  await database.update((tx) => tx.put(leasesTable, 'default', 'l1', { id: 'l1', createdAt: 1n, labels: new Map() }));
  const listed = () =>
    [...database.read.list(leaseResourcesTable, 'default/l1')].map(([, { type, id }]) => `${type} ${id}`);
  const writer = await store.writer(leased, { ref: 'r' });
  assert.deepEqual(listed(), ['ingests r']);
  assert.equal(database.read.get(ingestsTable, 'default', 'r')?.expireAt, 0n);
  await writer.write(Buffer.from('leased'));
  await writer.commit(6, '');
  const digest = sha256(Buffer.from('leased'));
  assert.deepEqual(listed(), [`content ${digest}`]);
  const there = await ingest(store, scope, Buffer.from('there'));
  await assert.rejects(store.writer(leased, { ref: 'x', expected: there }), isKind('already-exists'));
  assert.deepEqual(listed(), [`content ${digest}`, `content ${there}`].sort());
  await using unleased = await store.writer(scope, { ref: 'u' });
  assert.equal(unleased.status().offset, 0);
  assert.ok((database.read.get(ingestsTable, 'default', 'u')?.expireAt ?? 0n) > 0n);
});

it('shares nothing when isolated, but from a namespace that says so', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path, 'isolated');
  const { store, database } = opened;
  const bytes = Buffer.from('isolated');
  const expected = await ingest(store, scope, bytes);
  const other = { namespace: 'other' };
  const closed = await store.writer(other, { ref: 'a', expected });
  assert.equal(closed.status().offset, 0);
  await closed.write(bytes);
  await closed.commit(8, expected);
  await database.update((tx) => {
    tx.put(namespacesTable, '', 'default', { labels: new Map([['containerd.io/namespace.shareable', 'true']]) });
  });
  await using shared = await store.writer({ namespace: 'third' }, { ref: 'a', expected });
  assert.equal(shared.status().offset, 8);
});

it('cleans up what no namespace has and nothing else', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { store } = opened;
  const kept = await ingest(store, scope, Buffer.from('kept'));
  const gone = await ingest(store, scope, Buffer.from('gone'));
  const pinned = await ingest(store, scope, Buffer.from('pinned'));
  const other = { namespace: 'other' };
  await using shared = await store.writer(other, { ref: 'p', expected: pinned });
  await using half = await store.writer(scope, { ref: 'half' });
  await store.delete(scope, gone);
  await store.delete(scope, pinned);
  await store.cleanup(scope);
  const files = await readdir(join(directory.path, 'content/blobs/sha256'));
  assert.deepEqual(files.sort(), [kept.slice(7), pinned.slice(7)].sort());
  await shared.commit(6, pinned);
  assert.equal((await readAll(store, other, pinned)).toString(), 'pinned');
  await half.write(Buffer.from('half'));
  await half.commit(4, '');
});

it('is set right at the start', async () => {
  await using directory = await temporary();
  const digest = sha256(Buffer.from('orphan'));
  {
    await using opened = await open(directory.path);
    await ingest(opened.backend, scope, Buffer.from('orphan'));
    await using stray = await opened.backend.writer(scope, { ref: 'default/77/stray' });
    assert.equal(stray.status().offset, 0);
    await using lost = await opened.store.writer(scope, { ref: 'lost' });
    assert.equal(lost.status().offset, 0);
    const { backendRef } = opened.database.read.get(ingestsTable, 'default', 'lost') ?? { backendRef: '' };
    await opened.backend.abort(scope, backendRef);
    await using open2 = await opened.store.writer(scope, { ref: 'kept' });
    await open2.write(Buffer.from('kept'));
    await ingest(opened.store, scope, Buffer.from('blob'));
  }
  await using again = await open(directory.path);
  await assert.rejects(again.backend.info(scope, digest), isKind('not-found'));
  const refs = [...again.database.read.list(ingestsTable, 'default')].map(([ref]) => ref);
  assert.deepEqual(refs, ['kept']);
  assert.equal((await readdir(join(directory.path, 'content/ingest'))).length, 1);
  assert.equal((await again.store.status(scope, 'kept')).offset, 4);
  assert.equal((await readAll(again.store, scope, sha256(Buffer.from('blob')))).toString(), 'blob');
});

it('refuses a blob whose file is shorter than its record', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const digest = await ingest(opened.store, scope, Buffer.from('damaged'));
  await writeFile(join(directory.path, 'content/blobs', digest.replace(':', '/')), 'dam');
  await assert.rejects(opened.store.reader(scope, digest), isKind('data-loss'));
});
