import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Reader, RecordChange, Writer } from '../../../../pkg/database/database.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import type { Table } from '../../../../pkg/database/table.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { textTable } from './text-table.ts';

/** Texts that are found by each of their letters. */
const lettersTable: Table<string> = { ...textTable, name: 'letters', index: (value) => [...new Set(value)] };

const open = (directory: TemporaryDirectory) =>
  openDatabase(join(directory.path, 'db'), { tables: [textTable, lettersTable], version: 1, sync: false });

function found(read: Reader, letter: string): string[] {
  return Array.from(read.indexed(lettersTable, 'g', letter), ([key, value]) => `${key}=${value}`).sort();
}

/** What a walk finds. */
function walked(read: Reader, letter: string): string[] {
  const all = [...read.list(lettersTable, 'g')];
  return all.filter(([, value]) => value.includes(letter)).map(([key, value]) => `${key}=${value}`);
}

function check(read: Reader): void {
  for (const letter of 'abcd') assert.deepEqual(found(read, letter), walked(read, letter));
  assert.deepEqual(
    [...read.keys(lettersTable, 'g')].sort(),
    Array.from(read.list(lettersTable, 'g'), ([key]) => key),
  );
}

test('an index and the keys are as a walk finds them: in a transaction, after it, and after the next open', async () => {
  const change = fc.record({
    key: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
    value: fc.option(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 }), { nil: undefined }),
  });
  const transactions = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(transactions, async (script) => {
      using directory = new TemporaryDirectory();
      {
        await using database = await open(directory);
        const run = (changes: (typeof script)[number]) => (tx: Writer) => {
          for (const { key, value } of changes) {
            if (value === undefined) tx.delete(lettersTable, 'g', key);
            else tx.put(lettersTable, 'g', key, value);
          }
          check(tx);
        };
        // All share a batch, so that each sees what is not on disk yet.
        await Promise.all(script.map((changes) => database.update(run(changes))));
        check(database.read);
      }
      await using again = await open(directory);
      check(again.read);
    }),
    { numRuns: 40 },
  );
});

test('an observer is told of each transaction before the next one runs, and of none that failed or changed nothing', async () => {
  using directory = new TemporaryDirectory();
  await using database = await open(directory);
  const told: (readonly RecordChange[])[] = [];
  const observation = database.observe((changes) => void told.push(changes));
  const put = { table: 'texts', group: 'g', key: 'k', value: 'v' };
  await Promise.allSettled([
    database.update((tx) => tx.put(textTable, 'g', 'k', 'v')),
    database.update((tx) => {
      assert.deepEqual(told, [[put]]);
      tx.delete(textTable, 'g', 'k');
      throw new Error('no');
    }),
    database.update((tx) => tx.get(textTable, 'g', 'k')),
    database.update((tx) => tx.delete(textTable, 'g', 'k')),
  ]);
  assert.deepEqual(told, [[put], [{ ...put, value: undefined }]]);
  observation[Symbol.dispose]();
  await database.update((tx) => tx.put(textTable, 'g', 'k', 'v'));
  assert.equal(told.length, 2);
});
