import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { textTable } from './text-table.ts';

/** Starts a writer, kills it after some acknowledgements, and returns the numbers that it acknowledged. */
async function writeAndKill(directory: string, acknowledgements: number): Promise<readonly number[]> {
  const program = fileURLToPath(new URL('./write-until-killed.ts', import.meta.url));
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const numbers: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    numbers.push(Number(line));
    if (numbers.length === acknowledgements) child.kill('SIGKILL');
  }
  assert.deepEqual(await closed, [null, 'SIGKILL']);
  return numbers;
}

test('what was acknowledged is there after SIGKILL in the middle of writes, and no transaction is there by half', async () => {
  using temporary = new TemporaryDirectory();
  const directory = join(temporary.path, 'db');
  const all = new Set<number>();
  for (const acknowledgements of [3, 77, 250, 900]) {
    const numbers = await writeAndKill(directory, acknowledgements);
    for (const number of numbers) {
      assert.ok(!all.has(number), `the sequence gave ${number} twice`);
      all.add(number);
    }
    await using database = await openDatabase(directory, { tables: [textTable], version: 1 });
    const { read } = database;
    for (const number of all)
      assert.equal(read.get(textTable, 'left', String(number)), String(number).repeat(2000), `number ${number}`);
    const present = Array.from(read.list(textTable, 'left'), ([key]) => Number(key));
    const newest = Math.max(...present);
    for (const number of present)
      assert.equal(read.get(textTable, 'right', String(number)), number > newest - 50 ? 'r' : undefined);
    assert.equal(present.length, newest, 'numbers are given without gaps here, so no transaction may be missing');
  }
});
