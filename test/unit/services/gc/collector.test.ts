import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import type { CollectableResource } from '../../../../services/gc/collectable-resources.ts';
import type { GoneRecord } from '../../../../services/gc/collected-backend.ts';
import { Collector } from '../../../../services/gc/collector.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';
import { CollectingDatabase } from './collecting-database.ts';
import type { GcRecord } from './gc-records.ts';

const now = 1_767_225_600_000_000_000n;
const past = '2025-12-31T23:59:59Z';
const future = '2026-01-01T00:00:01Z';
const gc = 'containerd.io/gc.';

const namespace = 'n';
const blob = (name: string, labels = {}): GcRecord => ({ kind: 'blob', namespace, name, labels });
const snapshot = (name: string, on = '', labels = {}): GcRecord => ({ kind: 'snapshot', namespace, name, on, labels });
const image = (name: string, on: string, labels = {}): GcRecord => ({ kind: 'image', namespace, name, on, labels });
const lease = (name: string, labels = {}): GcRecord => ({ kind: 'lease', namespace, name, labels });
const entry = (on: string, name: string): GcRecord => ({ kind: 'entry', namespace, name, on });
const container = (name: string, on = '', labels = {}): GcRecord => ({
  kind: 'container',
  namespace,
  name,
  on,
  labels,
});
const ingest = (name: string, on: string, expireAt: bigint): GcRecord => ({
  kind: 'ingest',
  namespace,
  name,
  on,
  expireAt,
});
const sandbox = (name: string, labels = {}): GcRecord => ({ kind: 'sandbox', namespace, name, labels });

interface Published {
  readonly namespace: string;
  readonly topic: string;
}

/** A collector over records, at a time that stands still. */
async function start(...records: readonly GcRecord[]) {
  const store = await CollectingDatabase.open();
  const events: Published[] = [];
  const publish = (name: string, topic: string): void => void events.push({ namespace: name, topic });
  const warnings: string[] = [];
  const log = { ...quietLogger, warn: (message: string) => void warnings.push(message) };
  const collector = new Collector({ database: store.database, events: { publish }, log, now: () => now });
  await store.put(...records);
  return {
    ...{ store, collector, events, warnings },
    async [Symbol.asyncDispose](): Promise<void> {
      collector[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Rules: what there is, and which of it stays. */
const rules: readonly [rule: string, records: readonly GcRecord[], stays: readonly string[]][] = [
  ['nothing keeps a blob or a snapshot', [blob('d'), snapshot('s')], []],
  ['an image keeps its target', [image('i', 'd'), blob('d'), blob('e')], ['image i', 'blob d']],
  ['what another namespace refers to is not kept', [image('i', 'd'), { ...blob('d'), namespace: 'm' }], ['image i']],
  ['an image that has expired goes', [image('i', 'd', { [`${gc}expire`]: past }), blob('d')], []],
  [
    'an image that is to expire stays',
    [image('i', 'd', { [`${gc}expire`]: future }), blob('d')],
    ['image i', 'blob d'],
  ],
  ['an expiry that cannot be read is none', [image('i', 'd', { [`${gc}expire`]: 'soon' })], ['image i']],
  ['gc.root, with any value, keeps content', [blob('d', { [`${gc}root`]: '0' }), blob('e')], ['blob d']],
  [
    'gc.root keeps a snapshot, and a snapshot its parents',
    [snapshot('p'), snapshot('s', 'p', { [`${gc}root`]: 'x' }), snapshot('t', 'p')],
    ['snapshot p', 'snapshot s'],
  ],
  [
    'content and snapshots stay until gc.expire',
    [
      ...[blob('d', { [`${gc}expire`]: future }), blob('e', { [`${gc}expire`]: past })],
      ...[snapshot('s', '', { [`${gc}expire`]: future }), snapshot('t', '', { [`${gc}expire`]: past })],
    ],
    ['blob d', 'snapshot s'],
  ],
  [
    'gc.ref.content in each of its forms',
    [
      image('i', 'a'),
      blob('a', {
        [`${gc}ref.content`]: 'b',
        [`${gc}ref.content.l.0`]: 'c',
        [`${gc}ref.content/x`]: 'd',
        [`${gc}ref.contents`]: 'e',
        [`${gc}ref.`]: 'e',
      }),
      ...[blob('b'), blob('c'), blob('d'), blob('e')],
    ],
    ['image i', 'blob a', 'blob b', 'blob c', 'blob d'],
  ],
  [
    'gc.ref.snapshot in each of its forms',
    [
      image('i', 'a'),
      blob('a', {
        [`${gc}ref.snapshot.overlayfs`]: 's',
        [`${gc}ref.snapshot.overlayfs/x`]: 't',
        [`${gc}ref.snapshot.overlayfs.x`]: 'u',
        [`${gc}ref.snapshot.native`]: 'v',
      }),
      ...[snapshot('s'), snapshot('t'), snapshot('u'), snapshot('v')],
    ],
    ['image i', 'blob a', 'snapshot s', 'snapshot t', 'snapshot u'],
  ],
  [
    'gc.ref.image, also of an image that has expired',
    [container('c', '', { [`${gc}ref.image.x`]: 'i' }), image('i', 'd', { [`${gc}expire`]: past }), blob('d')],
    ['container c', 'image i', 'blob d'],
  ],
  [
    'a container keeps its snapshot and what its labels refer to',
    [
      container('c', 's', { [`${gc}ref.content`]: 'd' }),
      snapshot('p'),
      snapshot('s', 'p'),
      snapshot('t', 'p'),
      blob('d'),
    ],
    ['container c', 'snapshot p', 'snapshot s', 'blob d'],
  ],
  [
    'a sandbox keeps what its labels refer to',
    [sandbox('b', { [`${gc}ref.snapshot.overlayfs`]: 's' }), snapshot('s')],
    ['sandbox b', 'snapshot s'],
  ],
  [
    'gc.bref: as long as what it names',
    [
      ...[container('c'), image('i', 'd'), blob('d'), snapshot('r', '', { [`${gc}root`]: 'x' })],
      ...[blob('e', { [`${gc}bref.container`]: 'c' }), blob('f', { [`${gc}bref.image.x`]: 'i' })],
      ...[blob('g', { [`${gc}bref.content`]: 'd' }), snapshot('s', '', { [`${gc}bref.snapshot.overlayfs`]: 'r' })],
      ...[blob('h', { [`${gc}bref.content`]: 'g' }), blob('x', { [`${gc}bref.container`]: 'z' })],
      blob('y', { [`${gc}bref.content`]: 'x' }),
    ],
    [...['container c', 'image i', 'blob d', 'snapshot r', 'blob e', 'blob f'], ...['blob g', 'snapshot s', 'blob h']],
  ],
  [
    'gc.cond: while the snapshot was used as the condition says',
    [
      image('i', 'a', { [`${gc}cond.snapshot.overlayfs`]: 'usedat<1h|s' }),
      blob('a', {
        [`${gc}cond.snapshot.overlayfs/x`]: 'usedat>720h,usedat<=5m|t',
        [`${gc}cond.snapshot.overlayfs/y`]: 'usedat<1h|u',
      }),
      snapshot('s', '', { [`${gc}cond.value-usedat`]: '2025-12-31T23:30:00Z' }),
      snapshot('t', '', { [`${gc}cond.value-usedat`]: '2025-12-31T23:55:00Z' }),
      snapshot('u', '', { [`${gc}cond.value-usedat`]: '2025-12-31T22:30:00Z' }),
      snapshot('v', '', { [`${gc}cond.value-usedat`]: '2025-12-31T23:59:00Z' }),
    ],
    ['image i', 'blob a', 'snapshot s', 'snapshot t'],
  ],
  [
    'a lease keeps what it lists and what that refers to',
    [
      ...[lease('l'), entry('l', 'content:d'), entry('l', 'snapshots/overlayfs:s'), entry('l', 'ingests:g')],
      ...[blob('d', { [`${gc}ref.content`]: 'e' }), blob('e'), blob('f'), snapshot('p'), snapshot('s', 'p')],
      ...[ingest('g', 'f', 0n), ingest('h', '', 0n)],
    ],
    [
      ...['lease l', 'entry content:d', 'entry snapshots/overlayfs:s', 'entry ingests:g'],
      ...['blob d', 'blob e', 'blob f', 'snapshot p', 'snapshot s', 'ingest g'],
    ],
  ],
  [
    'a lease that has expired goes, with what it lists',
    [lease('l', { [`${gc}expire`]: past }), entry('l', 'content:d'), blob('d')],
    [],
  ],
  [
    'a flat lease keeps what it lists alone, parents and the target of an image apart',
    [
      lease('l', { [`${gc}flat`]: 'x' }),
      ...[entry('l', 'content:d'), entry('l', 'snapshots/overlayfs:s'), entry('l', 'images:i')],
      ...[blob('d', { [`${gc}ref.content`]: 'e' }), blob('e')],
      ...[snapshot('p', '', { [`${gc}ref.content`]: 'e' }), snapshot('s', 'p', { [`${gc}ref.content`]: 'e' })],
      ...[
        image('i', 't', { [`${gc}expire`]: past, [`${gc}ref.content`]: 'e' }),
        blob('t', { [`${gc}ref.content`]: 'e' }),
      ],
    ],
    [
      ...['lease l', 'entry content:d', 'entry snapshots/overlayfs:s', 'entry images:i'],
      ...['blob d', 'snapshot p', 'snapshot s', 'image i', 'blob t'],
    ],
  ],
  ['the labels of a lease refer to nothing', [lease('l', { [`${gc}ref.content`]: 'd' }), blob('d')], ['lease l']],
  [
    'an ingest stays until its time is over, and keeps the blob that it will be',
    [ingest('g', 'd', now + 1n), ingest('h', 'e', now - 1n), blob('d'), blob('e')],
    ['ingest g', 'blob d'],
  ],
  [
    'a circle that nobody refers to goes as a whole',
    [blob('d', { [`${gc}ref.content`]: 'e' }), blob('e', { [`${gc}ref.content`]: 'd' })],
    [],
  ],
];

await describe('what a collection leaves', async () => {
  for (const [rule, records, stays] of rules) {
    await it(rule, async () => {
      await using started = await start(...records);
      await started.collector.collect();
      assert.deepEqual(started.store.names().sort(), [...stays].sort());
    });
  }
});

await it('tells subscribers of images and snapshots that it took', async () => {
  await using started = await start(
    image('i', 'd', { [`${gc}expire`]: past }),
    blob('d'),
    snapshot('p'),
    snapshot('s', 'p'),
  );
  assert.equal((await started.collector.collect()).removed, 4);
  const topics = started.events.map(({ topic }) => topic).sort();
  assert.deepEqual(topics, ['/images/delete', '/snapshot/remove', '/snapshot/remove']);
  assert.ok(started.events.every((event) => event.namespace === namespace));
});

await it('collects what has no record by its lease and by labels', async () => {
  await using started = await start(lease('l'), blob('d', { [`${gc}root`]: 'x', [`${gc}ref.stream/a`]: 'named' }));
  const { collector } = started;
  const removed: string[] = [];
  const resource = (id: string, of: Partial<CollectableResource>): CollectableResource => {
    return { namespace, id, active: false, remove: () => void removed.push(id), ...of };
  };
  const list = () => [
    ...[resource('free', { active: true }), resource('leased', { lease: 'l' }), resource('named', {})],
    ...[
      resource('left', { lease: 'gone' }),
      { ...resource('named', {}), namespace: 'm', remove: () => void removed.push('m') },
    ],
  ];
  collector.registerResources({ kind: 'stream', list });
  assert.throws(() => collector.registerResources({ kind: 'stream', list }), KindError);
  assert.throws(() => collector.registerResources({ kind: 'image', list }), KindError);
  await (
    await collector.collect()
  ).cleaned;
  assert.deepEqual(removed, ['left', 'm']);
  await started.store.delete(lease('l'));
  await (
    await collector.collect()
  ).cleaned;
  assert.deepEqual(removed, ['left', 'm', 'leased', 'left', 'm']);
});

await it('collects what has no record by the parents that its labels name', async () => {
  await using started = await start(container('c'), image('i', 'd'), blob('d'), blob('e'));
  const removed: string[] = [];
  const mount = (id: string, label: string, parent: string): CollectableResource => {
    return { namespace, id, active: false, labels: new Map([[label, parent]]), remove: () => void removed.push(id) };
  };
  const list = () => [
    ...[mount('of-c', `${gc}bref.container`, 'c'), mount('of-d', `${gc}bref.content.x`, 'd')],
    ...[mount('of-e', `${gc}bref.content`, 'e'), mount('of-s', `${gc}bref.snapshot.overlayfs`, 's')],
  ];
  started.collector.registerResources({ kind: 'mount', list });
  await (
    await started.collector.collect()
  ).cleaned;
  // What it would live as long as goes in the same collection.
  assert.deepEqual(removed, ['of-e', 'of-s']);
});

await it('has backends clean up after deletions, anew after a failure, and never twice at once', async () => {
  await using started = await start(blob('a'), image('i', 'b'), blob('b'));
  const { collector, store } = started;
  const calls: string[][] = [];
  let outcome = (): Promise<void> => Promise.resolve();
  collector.registerBackend({
    name: 'content',
    keeps: (table) => table === 'blobs',
    cleanup(gone: readonly GoneRecord[] | undefined) {
      calls.push(gone?.map(({ key }) => key) ?? ['all']);
      return outcome();
    },
  });
  outcome = () => Promise.reject(new Error('no'));
  await (
    await collector.collect()
  ).cleaned;
  assert.deepEqual(calls, [['a']]);
  assert.deepEqual(started.warnings, ['garbage collection left files']);
  const hung = Promise.withResolvers<void>();
  outcome = () => hung.promise;
  const first = await collector.collect();
  assert.deepEqual(calls, [['a'], ['a']]);
  await store.delete(blob('b'));
  // The next collection does not wait for the first one's files; only who wants its own gone does.
  const second = await collector.collect();
  assert.equal(calls.length, 2);
  hung.resolve();
  await Promise.all([first.cleaned, second.cleaned]);
  assert.deepEqual(calls, [['a'], ['a'], ['b']]);
  await (
    await collector.collect()
  ).cleaned;
  assert.equal(calls.length, 3);
});

await it('has a backend that comes late look at all', async () => {
  await using started = await start(blob('a'));
  const { collector } = started;
  await collector.collect();
  const told: boolean[] = [];
  collector.onChange = (deletion) => void told.push(deletion);
  const calls: unknown[] = [];
  const cleanup = (gone: unknown): Promise<void> => Promise.resolve(void calls.push(gone));
  collector.registerBackend({ name: 'content', keeps: () => true, cleanup });
  assert.deepEqual(told, [true]);
  await (
    await collector.collect()
  ).cleaned;
  await (
    await collector.collect()
  ).cleaned;
  assert.deepEqual(calls, [undefined]);
});

await it('tells of changes, and which of them only deleted', async () => {
  await using started = await start(blob('a', { [`${gc}root`]: 'x' }), blob('b'));
  const { collector, store } = started;
  const told: boolean[] = [];
  collector.onChange = (deletion) => void told.push(deletion);
  await store.put(blob('c'));
  await store.delete(blob('a', {}));
  await store.database.update((tx) => tx.nextSequence('x'));
  await collector.collect();
  assert.deepEqual(told, [false, true]);
  assert.deepEqual(store.names(), []);
});
