import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Database, Writer } from '../../../../pkg/database/database.ts';
import type { Migration } from '../../../../pkg/database/migration.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import type { Table } from '../../../../pkg/database/table.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { textTable } from './text-table.ts';

const open = (directory: TemporaryDirectory, more: Partial<Parameters<typeof openDatabase>[1]> = {}) =>
  openDatabase(join(directory.path, 'db'), { tables: [textTable], version: 1, ...more });
const keys = (database: Database, group: string) => Array.from(database.read.list(textTable, group), ([key]) => key);
const isKind = (kind: string, text: RegExp) => (error: unknown) =>
  error instanceof KindError && error.kind === kind && text.test(error.message);

test('memory shows a write once it is on disk, and the next open finds it', async () => {
  using directory = new TemporaryDirectory();
  {
    await using database = await open(directory);
    const written = database.update((tx) => {
      tx.put(textTable, 'g', 'k', 'v');
      return tx.get(textTable, 'g', 'k');
    });
    assert.equal(database.read.get(textTable, 'g', 'k'), undefined);
    assert.equal(await written, 'v');
    assert.equal(database.read.get(textTable, 'g', 'k'), 'v');
  }
  await using again = await open(directory);
  assert.equal(again.read.get(textTable, 'g', 'k'), 'v');
});

test('a function that throws leaves nothing and fails alone; those behind it do not see its writes', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  const outcomes = await Promise.allSettled([
    database.update((tx) => tx.put(textTable, 'g', 'a', '1')),
    database.update((tx) => {
      tx.put(textTable, 'g', 'b', '2');
      tx.delete(textTable, 'g', 'a');
      throw new KindError('conflict', 'no');
    }),
    database.update((tx) => Array.from(tx.list(textTable, 'g'))),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason))),
    [undefined, 'KindError: no: conflict', [['a', '1']]],
  );
  assert.deepEqual(keys(database, 'g'), ['a']);
});

test('a transaction is of no use once its function has returned, and must be synchronous', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  const kept = await database.update((tx) => tx);
  assert.throws(() => kept.put(textTable, 'g', 'k', 'v'), /after its function returned/);
  const late = async (tx: Writer) => tx.put(textTable, 'g', 'k', 'v');
  await assert.rejects(database.update(late), /must be synchronous/);
  assert.equal(database.read.get(textTable, 'g', 'k'), undefined);
});

test('a table that the database was not opened with is refused, in use and on disk', async () => {
  using directory = new TemporaryDirectory();
  const other: Table<string> = { ...textTable, name: 'others' };
  {
    await using database = await open(directory, { tables: [textTable, other] });
    await database.update((tx) => tx.put(other, 'g', 'k', 'v'));
  }
  await assert.rejects(open(directory), isKind('data-loss', /record "k" in group "g" of table "others"/));
});

test('groups and keys may hold anything, are listed bytewise, and go with their last record', async () => {
  const name = fc.string({
    unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', 'b', '/', 'é', '\uffff', '\u{1f600}'),
  });
  using directory = new TemporaryDirectory();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, name, fc.boolean()), { maxLength: 40 }), async (operations) => {
      const model = new Map<string, Map<string, string>>();
      for (const [group, key, remove] of operations) {
        const records = model.get(group) ?? new Map<string, string>();
        if (remove) records.delete(key);
        else records.set(key, `${group}|${key}`);
        if (records.size > 0) model.set(group, records);
        else model.delete(group);
      }
      const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
      const expected = [...model.keys()].sort(bytewise).map((group) => {
        const records = [...(model.get(group) ?? [])].sort(([a], [b]) => bytewise(a, b));
        return [group, records] as const;
      });
      const content = (reader: Database['read']) =>
        Array.from(reader.groups(textTable), (group) => [group, Array.from(reader.list(textTable, group))] as const);
      {
        await using database = await open(directory);
        await database.update((tx) => {
          for (const [group, key, remove] of operations) {
            if (remove) tx.delete(textTable, group, key);
            else tx.put(textTable, group, key, `${group}|${key}`);
          }
          assert.deepEqual(content(tx), expected);
        });
        assert.deepEqual(content(database.read), expected);
      }
      await using database = await open(directory);
      assert.deepEqual(content(database.read), expected);
      await database.update((tx) => {
        for (const group of tx.groups(textTable))
          for (const [key] of tx.list(textTable, group)) tx.delete(textTable, group, key);
      });
      assert.deepEqual(content(database.read), []);
    }),
    { numRuns: 60 },
  );
});

test('an order that was listed is kept up by later writes', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  for (const key of ['m', 'c', '\u{1f600}', '\uffff', 'z', 'a']) {
    await database.update((tx) => tx.put(textTable, 'g', key, key));
    keys(database, 'g');
  }
  await database.update((tx) => tx.delete(textTable, 'g', 'm'));
  assert.deepEqual(keys(database, 'g'), ['a', 'c', 'z', '\uffff', '\u{1f600}']);
});

test('a name that is not Unicode is refused: on disk it could meet another', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  const write = database.update((tx) => tx.put(textTable, 'g', '\ud800', 'v'));
  await assert.rejects(write, isKind('invalid-argument', /not Unicode/));
});

test('a list is what it was when it was asked for, less what has gone since', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  await database.update((tx) => {
    for (const key of ['a', 'b', 'c']) tx.put(textTable, 'g', key, key);
  });
  const list = database.read.list(textTable, 'g');
  assert.deepEqual(list.next().value, ['a', 'a']);
  await database.update((tx) => {
    tx.delete(textTable, 'g', 'b');
    tx.put(textTable, 'g', 'd', 'd');
  });
  assert.deepEqual([...list], [['c', 'c']]);
});

test('sequences count from 1, each on its own, past an open', async () => {
  using directory = new TemporaryDirectory();
  const next = (database: Database, name: string) => database.update((tx) => tx.nextSequence(name));
  {
    await using database = await open(directory);
    assert.deepEqual(await Promise.all([next(database, 'a'), next(database, 'b'), next(database, 'a')]), [1, 1, 2]);
  }
  await using database = await open(directory);
  assert.equal(await next(database, 'a'), 3);
});

test('closing waits for what is queued; after it, updates are refused', async () => {
  using directory = new TemporaryDirectory();
  const database = await open(directory);
  const writes = Array.from({ length: 2000 }, (_, i) =>
    database.update((tx) => tx.put(textTable, 'g', String(i), 'x'.repeat(1000))),
  );
  await database[Symbol.asyncDispose]();
  await Promise.all(writes);
  await assert.rejects(
    database.update(() => 0),
    isKind('unavailable', /is closed/),
  );
  await using again = await open(directory);
  assert.equal(keys(again, 'g').length, 2000);
});

test('a second opening is refused while the first is there, and names the directory', async () => {
  using directory = new TemporaryDirectory();
  await using _database = await open(directory);
  await assert.rejects(
    open(directory),
    (error: Error) =>
      isKind('failed-precondition', /in use by another process/)(error) && error.message.includes(directory.path),
  );
});

test('a newer key tree is refused; an older one is migrated in one batch, once', async () => {
  using directory = new TemporaryDirectory();
  {
    await using database = await open(directory);
    await database.update((tx) => {
      tx.put(textTable, 'g', 'a', 'old');
      tx.put(textTable, 'g', 'b', 'old');
    });
  }
  let runs = 0;
  const migrations: Migration[] = [
    {
      to: 2,
      migrate(records) {
        runs++;
        for (const [group, key, bytes] of records.list('texts')) {
          records.put('texts', `${group}/2`, key, Buffer.from(`${Buffer.from(bytes).toString()}er`));
          records.delete('texts', group, key);
        }
        assert.deepEqual(
          Array.from(records.list('texts'), ([group]) => group),
          ['g/2', 'g/2'],
        );
      },
    },
  ];
  for (let i = 0; i < 2; i++) {
    await using database = await open(directory, { version: 2, migrations });
    assert.deepEqual([...database.read.groups(textTable)], ['g/2']);
    assert.deepEqual(
      [...database.read.list(textTable, 'g/2')],
      [
        ['a', 'older'],
        ['b', 'older'],
      ],
    );
  }
  assert.equal(runs, 1);
  await assert.rejects(open(directory), isKind('failed-precondition', /has version 2, this program knows up to 1/));
});
