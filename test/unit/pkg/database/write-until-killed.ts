// Writes until it is killed, and says on stdout what was acknowledged. Argument: the database's directory.
import { writeSync } from 'node:fs';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { textTable } from './text-table.ts';

const [, , directory = ''] = process.argv;
const database = await openDatabase(directory, { tables: [textTable], version: 1 });

async function write(): Promise<never> {
  for (;;) {
    const number = await database.update((tx) => {
      const next = tx.nextSequence('n');
      // Two records that are there together or not at all, large enough to be written in several pieces.
      tx.put(textTable, 'left', String(next), String(next).repeat(2000));
      tx.put(textTable, 'right', String(next), 'r');
      if (next > 50) tx.delete(textTable, 'right', String(next - 50));
      return next;
    });
    writeSync(1, `${number}\n`);
  }
}
await Promise.all(Array.from({ length: 20 }, write));
