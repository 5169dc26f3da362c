import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Database, Writer } from '../../../../pkg/database/database.ts';
import { Collector } from '../../../../services/gc/collector.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';
import { CollectingDatabase, nameOf } from './collecting-database.ts';
import { snapshotter, type GcRecord } from './gc-records.ts';
import { NaiveCollector } from './naive-collector.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const past = '2025-12-31T23:50:00Z';
const future = '2026-01-02T00:00:00Z';

const namespaces = fc.constantFrom('n1', 'n2');
const digest = fc.constantFrom('d0', 'd1', 'd2', 'd3', 'd4');
const snapshot = fc.constantFrom('s0', 's1', 's2', 's3', 's4');
const image = fc.constantFrom('i0', 'i1', 'i2');
const ingest = fc.constantFrom('g0', 'g1');
const lease = fc.constantFrom('l0', 'l1', 'l2');

const label = (key: string, value: fc.Arbitrary<string>) =>
  value.map((text): [string, string] => [`containerd.io/gc.${key}`, text]);

const labels = fc
  .array(
    fc.oneof(
      { arbitrary: label('root', fc.constant('x')), weight: 1 },
      { arbitrary: label('expire', fc.constantFrom(past, future)), weight: 1 },
      { arbitrary: label('ref.content', digest), weight: 2 },
      { arbitrary: label('ref.content.l.0', digest), weight: 2 },
      { arbitrary: label('ref.content/x', digest), weight: 1 },
      { arbitrary: label(`ref.snapshot.${snapshotter}`, snapshot), weight: 2 },
      { arbitrary: label(`ref.snapshot.${snapshotter}/x`, snapshot), weight: 1 },
      { arbitrary: label('ref.image', image), weight: 1 },
      { arbitrary: label('bref.content', digest), weight: 2 },
      { arbitrary: label('bref.image.x', image), weight: 1 },
      { arbitrary: label('bref.container', fc.constant('c0')), weight: 1 },
      { arbitrary: label(`bref.snapshot.${snapshotter}`, snapshot), weight: 1 },
      {
        arbitrary: label(
          `cond.snapshot.${snapshotter}`,
          snapshot.map((key) => `usedat<1h|${key}`),
        ),
        weight: 1,
      },
      { arbitrary: label('cond.value-usedat', fc.constantFrom(past, '2025-12-01T00:00:00Z')), weight: 1 },
    ),
    { maxLength: 2 },
  )
  .map((pairs) => Object.fromEntries(pairs));

const leaseLabels = fc.constantFrom<Record<string, string>>(
  {},
  { 'containerd.io/gc.flat': 'x' },
  { 'containerd.io/gc.expire': past },
  { 'containerd.io/gc.expire': future, 'containerd.io/gc.flat': 'x' },
);

const entry = fc.oneof(
  digest.map((id) => `content:${id}`),
  image.map((id) => `images:${id}`),
  ingest.map((id) => `ingests:${id}`),
  snapshot.map((id) => `snapshots/${snapshotter}:${id}`),
);

const of = (
  kind: GcRecord['kind'],
  name: fc.Arbitrary<string>,
  rest: { readonly [K in 'on' | 'labels' | 'expireAt']?: fc.Arbitrary<NonNullable<GcRecord[K]>> },
): fc.Arbitrary<GcRecord> => fc.record({ kind: fc.constant(kind), namespace: namespaces, name, ...rest });

const record = fc.oneof(
  { arbitrary: of('blob', digest, { labels }), weight: 6 },
  { arbitrary: of('snapshot', snapshot, { labels, on: fc.oneof(fc.constant(''), snapshot) }), weight: 6 },
  { arbitrary: of('image', image, { labels, on: digest }), weight: 3 },
  {
    arbitrary: of('ingest', ingest, { on: digest, expireAt: fc.constantFrom(0n, 1n, BigInt(now + 1000) * 1_000_000n) }),
    weight: 1,
  },
  { arbitrary: of('container', fc.constant('c0'), { labels, on: snapshot }), weight: 1 },
  { arbitrary: of('sandbox', fc.constant('b0'), { labels }), weight: 1 },
  { arbitrary: of('lease', lease, { labels: leaseLabels }), weight: 2 },
  { arbitrary: of('entry', entry, { on: lease }), weight: 4 },
);

interface Operation {
  /** Which slice it goes before. */
  readonly slice: number;
  readonly put: boolean;
  readonly record: GcRecord;
}

const operations = fc.array(fc.record({ slice: fc.nat(60), put: fc.boolean(), record }), { maxLength: 25 });

/** What a client may do: no snapshot without its parent, none taken from under another; no entry without its lease, which never changes. */
async function apply(store: CollectingDatabase, { put, record: wanted }: Operation): Promise<void> {
  const { kind, namespace, name, on = '' } = wanted;
  const snapshots = store.records().filter((other) => other.kind === 'snapshot' && other.namespace === namespace);
  if (kind === 'snapshot') {
    const parentIsThere = snapshots.some((other) => other.name === on && other.name !== name);
    if (put && on !== '' && !parentIsThere) return;
    if (!put && snapshots.some((other) => other.on === name)) return;
  }
  const isThere = store.records().some((other) => nameOf(other) === nameOf(wanted));
  const leaseIsThere = store.records().some((other) => {
    return other.kind === 'lease' && other.namespace === namespace && other.name === on;
  });
  if (put && ((kind === 'lease' && isThere) || (kind === 'entry' && !leaseIsThere))) return;
  if (put) return await store.put(wanted);
  const entries = store.records().filter((other) => {
    return kind === 'lease' && other.kind === 'entry' && other.namespace === namespace && other.on === name;
  });
  await store.delete(wanted, ...entries);
}

/** Puts a script between the slices of a collection, and looks at what each slice did. */
function scripted(database: Database, before: () => Promise<void>, after: () => void): Database {
  return {
    read: database.read,
    observe: (observer) => database.observe(observer),
    async update<T>(fn: (tx: Writer) => T): Promise<T> {
      await before();
      const result = await database.update(fn);
      after();
      return result;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** No slice takes what was referred to when it ran, nor anything from under what it leaves. */
function checkSlice(before: readonly GcRecord[], after: readonly GcRecord[]): void {
  const model = new NaiveCollector(before, now);
  const left = new Set(after.map(nameOf));
  for (const gone of before.filter((one) => !left.has(nameOf(one)))) {
    assert.ok(!model.stays(gone), `${nameOf(gone)} was referred to and went`);
  }
  for (const stayed of after) {
    if (!model.isWhole(stayed)) continue;
    for (const target of model.targets(stayed)) {
      assert.ok(left.has(nameOf(target)), `${nameOf(stayed)} was left without ${nameOf(target)}`);
    }
  }
}

await it('collects in slices what a naive model collects at once, and never what is referred to meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 5, maxLength: 40 }),
      operations,
      fc.integer({ min: 1, max: 12 }),
      async (records, script, sliceSteps) => {
        await using store = await CollectingDatabase.open();
        for (const one of records) await apply(store, { slice: 0, put: true, record: one });
        let slice = 0;
        let before: GcRecord[] = [];
        const database = scripted(
          store.database,
          async () => {
            for (const operation of script) if (operation.slice === slice) await apply(store, operation);
            slice++;
            before = store.records();
          },
          () => checkSlice(before, store.records()),
        );
        const parts = { database, events: { publish: () => undefined }, log: quietLogger, sliceSteps };
        using collector = new Collector({ ...parts, now: () => BigInt(now) * 1_000_000n });
        await collector.collect();
        // All operations are over when this one begins.
        slice = Infinity;
        const last = store.records();
        await collector.collect();
        const model = new NaiveCollector(last, now);
        assert.deepEqual(store.records().map(nameOf), last.filter((one) => model.stays(one)).map(nameOf));
      },
    ),
    { numRuns: 150 },
  );
});
