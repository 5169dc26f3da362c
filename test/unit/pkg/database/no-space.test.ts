import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Database } from '../../../../pkg/database/database.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { textTable } from './text-table.ts';

/** A small filesystem of its own. */
function mountSmall(path: string): Disposable {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'gantry-test', path]);
  return { [Symbol.dispose]: () => void execFileSync('umount', [path]) };
}

test('on a full disk writes fail and leave nothing; with space again the same database works on', async () => {
  using temporary = new TemporaryDirectory();
  using _mounted = mountSmall(temporary.path);
  const options = { tables: [textTable], version: 1 };
  const filler = join(temporary.path, 'filler');
  const acknowledged = new Set<string>();
  const write = async (database: Database, key: string) => {
    await database.update((tx) => tx.put(textTable, 'g', key, key.repeat(1000)));
    acknowledged.add(key);
  };
  const check = (database: Database) => {
    for (const key of acknowledged) assert.equal(database.read.get(textTable, 'g', key), key.repeat(1000), key);
  };
  {
    await using database = await openDatabase(join(temporary.path, 'db'), options);
    for (let i = 0; i < 100; i++) await write(database, `before-${i}`);
    const { bavail, bsize } = statfsSync(temporary.path);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 64 * 1024));
    const failures: unknown[] = [];
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => write(database, `full-${round}-${i}`)),
      );
      failures.push(
        ...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : [])),
      );
      check(database);
    }
    assert.ok(failures.length > 0);
    for (const error of failures) {
      assert.ok(error instanceof KindError);
      assert.match(error.message, new RegExp(temporary.path));
    }
    assert.ok(failures.some((error) => error instanceof KindError && error.kind === 'resource-exhausted'));
    rmSync(filler);
    for (let i = 0; i < 100; i++) await write(database, `after-${i}`);
    check(database);
  }
  await using database = await openDatabase(join(temporary.path, 'db'), options);
  check(database);
});
