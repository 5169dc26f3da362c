import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Any } from '../../../../api/gen/google/protobuf/any.ts';
import { collect } from '../../../../pkg/batches/collect.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { leaseResourcesTable } from '../../../../services/metadata/lease-resources-table.ts';
import { leasesTable } from '../../../../services/metadata/leases-table.ts';
import { schema } from '../../../../services/metadata/schema.ts';
import { snapshotsTable } from '../../../../services/metadata/snapshots-table.ts';
import { openNamespacedSnapshotter } from '../../../../services/snapshots/namespaced/open-namespaced-snapshotter.ts';
import { OverlayLayout } from '../../../../snapshotters/overlayfs/overlay-layout.ts';
import { DirectorySnapshotter } from '../../../../snapshotters/storage/directory-snapshotter.ts';
import { isKind } from '../../../suites/content-store-suite.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';
import { layer, snapshotterSuite } from '../../../suites/snapshotter-suite.ts';

const scope = { namespace: 'default' };

interface Published {
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), 'gantry-snapshots-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function open(root: string, upperdirLabel = false) {
  const database = await openDatabase(join(root, 'db'), schema);
  const layout = new OverlayLayout({ mountOptions: [], upperdirLabel });
  const backend = await DirectorySnapshotter.open({ root, database, layout, syncRemove: false, log: quietLogger });
  const events: Published[] = [];
  const publish = (namespace: string, topic: string, event: Any) => void events.push({ namespace, topic, event });
  const parts = { name: 'overlayfs', backend, database, events: { publish } };
  const snapshotter = await openNamespacedSnapshotter(parts, quietLogger);
  return {
    ...{ snapshotter, backend, database, events },
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

snapshotterSuite(
  'overlayfs, namespaced',
  { rebase: true, namespaces: true, ownUsage: true, cleanup: true, typedErrors: true },
  async () => {
    const directory = await temporary();
    const opened = await open(directory.path);
    return {
      ...{ snapshotter: opened.snapshotter, scope },
      async [Symbol.asyncDispose]() {
        assert.deepEqual(await collect(opened.backend.list(scope, [])), []);
        assert.deepEqual(await readdir(join(directory.path, 'snapshots')), []);
        await opened[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  },
);

it('publishes what happened', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { snapshotter } = opened;
  await snapshotter.prepare(scope, 'key', '');
  await snapshotter.commit(scope, 'name', 'key');
  await snapshotter.view(scope, 'view', 'name');
  await snapshotter.remove(scope, 'view');
  assert.deepEqual(
    opened.events.map(({ topic, event }) => [topic, event.typeUrl]),
    [
      ['/snapshot/prepare', 'containerd.events.SnapshotPrepare'],
      ['/snapshot/commit', 'containerd.events.SnapshotCommit'],
      ['/snapshot/remove', 'containerd.events.SnapshotRemove'],
    ],
  );
});

it('lists what it makes in the lease', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { snapshotter, database } = opened;
  const leased = { namespace: 'default', lease: 'l1' };
  await assert.rejects(snapshotter.prepare(leased, 'key', ''), isKind('not-found', /lease "l1"/));
  assert.deepEqual(await collect(snapshotter.list(scope, [])), []);
  await database.update((tx) => tx.put(leasesTable, 'default', 'l1', { id: 'l1', createdAt: 1n, labels: new Map() }));
  const listed = () =>
    [...database.read.list(leaseResourcesTable, 'default/l1')].map(([, { type, id }]) => `${type} ${id}`);
  await snapshotter.prepare(leased, 'key', '');
  assert.deepEqual(listed(), ['snapshots/overlayfs key']);
  await snapshotter.commit(leased, 'name', 'key');
  assert.deepEqual(listed(), ['snapshots/overlayfs name']);
  const labels = new Map([['containerd.io/snapshot.ref', 'name']]);
  await snapshotter.remove(leased, 'name');
  assert.deepEqual(listed(), []);
  await layer({ snapshotter, scope }, 'name', '');
  await assert.rejects(
    snapshotter.prepare(leased, 'again', '', { labels }),
    isKind('already-exists', /target snapshot "name"/),
  );
  assert.deepEqual(listed(), ['snapshots/overlayfs name']);
});

it('tells the backend of its own labels only, and shows those of the backend', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path, true);
  const { snapshotter, backend } = opened;
  const labels = new Map([['mine', '1'], ['containerd.io/snapshot/x', '2'], ['containerd.io/snapshot.ref', 'r']]); // prettier-ignore
  await snapshotter.prepare(scope, 'key', '', { labels });
  const upper = ['containerd.io/snapshot/overlay.upperdir', join(directory.path, 'snapshots/1/fs')] as const;
  const backendLabels = async () => (await collect(backend.list(scope, [])))[0]?.labels;
  assert.deepEqual(await backendLabels(), new Map([...labels, upper].slice(1)));
  assert.deepEqual((await snapshotter.stat(scope, 'key')).labels, new Map([...labels, upper]));
  const given = new Map([['containerd.io/snapshot/y', '3']]);
  await snapshotter.update(scope, { name: 'key', labels: given }, []);
  assert.deepEqual(await backendLabels(), new Map([...given, upper]));
});

it('removes from the backend what has no record, children first', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { snapshotter, backend, database } = opened;
  await layer({ snapshotter, scope }, 'kept', '');
  let parent = '';
  for (const name of ['a', 'b', 'c']) {
    await layer({ snapshotter, scope }, name, parent);
    parent = name;
  }
  await snapshotter.prepare(scope, 'top', 'c');
  await database.update((tx) => {
    for (const key of ['a', 'b', 'c', 'top']) tx.delete(snapshotsTable, 'default/overlayfs', key);
  });
  await Promise.all([
    snapshotter.cleanup(scope),
    ...Array.from({ length: 20 }, (_, i) => snapshotter.prepare(scope, `new-${i}`, 'kept')),
  ]);
  assert.equal((await collect(backend.list(scope, []))).length, 21);
  assert.equal((await readdir(join(directory.path, 'snapshots'))).length, 21);
  for (let i = 0; i < 20; i++) assert.equal((await snapshotter.mounts(scope, `new-${i}`)).length, 1);
});

it('finishes or forgets a commit that a crash interrupted', async () => {
  await using directory = await temporary();
  {
    await using opened = await open(directory.path);
    const { snapshotter, backend, database } = opened;
    for (const key of ['before', 'after']) {
      await snapshotter.prepare(scope, key, '');
      const backendKey = `default/1000/${key}-committed`;
      const intent = { name: `${key}-committed`, backendKey, labels: new Map([['l', key]]), parent: '' };
      const record = database.read.get(snapshotsTable, 'default/overlayfs', key);
      assert.ok(record);
      await database.update((tx) =>
        tx.put(snapshotsTable, 'default/overlayfs', key, { ...record, committing: intent }),
      );
      if (key === 'after') await backend.commit(scope, backendKey, record.backendKey);
    }
  }
  await using again = await open(directory.path);
  const infos = await collect(again.snapshotter.list(scope, []));
  assert.deepEqual(
    infos.map(({ name, kind, labels }) => [name, kind, labels.get('l')]),
    [
      ['after-committed', 'committed', 'after'],
      ['before', 'active', undefined],
    ],
  );
  await again.snapshotter.commit(scope, 'before-committed', 'before');
});

it('takes a failed commit back', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const { snapshotter, backend, database } = opened;
  await snapshotter.prepare(scope, 'key', '');
  const failing = new Proxy(backend, {
    get(target, name) {
      if (name === 'commit') return () => Promise.reject(new KindError('internal', 'disk'));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const parts = { name: 'overlayfs', database, events: { publish() {} }, backend: failing };
  const broken = await openNamespacedSnapshotter(parts, quietLogger);
  await assert.rejects(broken.commit(scope, 'name', 'key'), isKind('internal'));
  await snapshotter.commit(scope, 'name', 'key');
  assert.equal((await snapshotter.stat(scope, 'name')).kind, 'committed');
});
