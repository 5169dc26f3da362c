import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../../pkg/database/crc32c.ts';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { textTable } from './text-table.ts';

const options = { tables: [textTable], version: 1 };

/** Writes `count` records, one batch after the other, and leaves the files as they are at that moment, as a crash would. */
async function makeFiles(into: string, count: number, size: number): Promise<void> {
  using temporary = new TemporaryDirectory();
  const directory = join(temporary.path, 'db');
  await using database = await openDatabase(directory, options);
  for (let i = 0; i < count; i++)
    await database.update((tx) => tx.put(textTable, 'g', String(i).padStart(6, '0'), 'v'.repeat(size)));
  cpSync(directory, into, { recursive: true });
}

function fileOf(directory: string, pattern: RegExp): string {
  const name = readdirSync(directory).find((file) => pattern.test(file));
  assert.ok(name !== undefined, `no file like ${String(pattern)}`);
  return join(directory, name);
}

async function count(directory: string): Promise<number> {
  await using database = await openDatabase(directory, options);
  return Array.from(database.read.list(textTable, 'g')).length;
}

const namesFile = (file: string) => (error: unknown) =>
  error instanceof KindError && error.kind === 'data-loss' && error.message.includes(file);

test('crc32c is the Castagnoli sum', () => {
  // RFC 3720, B.4.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

describe('a log', () => {
  test('may end in an unfinished write, at any byte', async () => {
    using temporary = new TemporaryDirectory();
    const whole = join(temporary.path, 'whole');
    await makeFiles(whole, 10, 300);
    const { length } = readFileSync(fileOf(whole, /\.log$/));
    const place = fc.integer({ min: 1, max: length });
    await fc.assert(
      fc.asyncProperty(place, async (cut) => {
        const copy = join(temporary.path, 'copy');
        cpSync(whole, copy, { recursive: true });
        truncateSync(fileOf(copy, /\.log$/), length - cut);
        const found = await count(copy);
        assert.ok(found >= Math.floor(10 - 1 - cut / 300) && found < 10, `${found} after ${cut} bytes were cut`);
        rmSync(copy, { recursive: true });
      }),
      { numRuns: 30 },
    );
  });

  test('may end in sectors of zeros', async () => {
    using temporary = new TemporaryDirectory();
    const directory = join(temporary.path, 'db');
    await makeFiles(directory, 3, 5000);
    const path = fileOf(directory, /\.log$/);
    const bytes = readFileSync(path);
    bytes.fill(0, Math.ceil((bytes.length - 4000) / 512) * 512);
    writeFileSync(path, bytes);
    assert.equal(await count(directory), 2);
  });

  test('that is damaged anywhere before its last record is refused, and left as it is', async () => {
    using temporary = new TemporaryDirectory();
    const directory = join(temporary.path, 'db');
    await makeFiles(directory, 40, 1000);
    const path = fileOf(directory, /\.log$/);
    const bytes = readFileSync(path);
    const place = fc.integer({ min: 0, max: bytes.length - 1100 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(at) ^ flip, at);
        writeFileSync(path, damaged);
        await assert.rejects(count(directory), namesFile(path));
        assert.deepEqual(readFileSync(path), damaged);
      }),
      { numRuns: 100 },
    );
    writeFileSync(path, bytes);
    assert.equal(await count(directory), 40);
  });

  test('that is missing is refused', async () => {
    using temporary = new TemporaryDirectory();
    const directory = join(temporary.path, 'db');
    await makeFiles(directory, 1, 10);
    const path = fileOf(directory, /\.log$/);
    rmSync(path);
    await assert.rejects(count(directory), namesFile(path));
  });
});

describe('a table', () => {
  test('that is damaged, cut off or missing is refused', async () => {
    using temporary = new TemporaryDirectory();
    const directory = join(temporary.path, 'db');
    await makeFiles(directory, 300, 10_000);
    const path = fileOf(directory, /\.ldb$/);
    const bytes = readFileSync(path);
    // What is beyond is what a table can do without (filters, and where they are), and a footer with unused bytes.
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: endOfData(bytes) - 1 }), async (at) => {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
        writeFileSync(path, damaged);
        await assert.rejects(count(directory), namesFile(path));
      }),
      { numRuns: 20 },
    );
    writeFileSync(path, bytes.subarray(0, -1));
    await assert.rejects(count(directory), namesFile(path));
    rmSync(path);
    await assert.rejects(count(directory), namesFile(path));
    writeFileSync(path, bytes);
    assert.equal(await count(directory), 300);
  });
});

/** Where the data blocks of a table end, less what its filters may take: its footer begins with the place of the index of filters. */
function endOfData(table: Buffer): number {
  const footer = table.subarray(-48);
  let place = 0;
  for (let index = 0, scale = 1; ; index++, scale *= 128) {
    const byte = footer.readUInt8(index);
    place += (byte & 127) * scale;
    if (byte < 128) break;
  }
  assert.ok(place > 100_000 && place < table.length);
  return place - 8192;
}

test('a manifest that is damaged or missing, and a missing CURRENT, are refused', async () => {
  using temporary = new TemporaryDirectory();
  const directory = join(temporary.path, 'db');
  await makeFiles(directory, 5, 10);
  const manifest = fileOf(directory, /^MANIFEST-/);
  const bytes = readFileSync(manifest);
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(20) ^ 1, 20);
  writeFileSync(manifest, damaged);
  await assert.rejects(count(directory), namesFile(manifest));
  rmSync(manifest);
  await assert.rejects(count(directory), namesFile(manifest));
  writeFileSync(manifest, bytes);
  rmSync(join(directory, 'CURRENT'));
  await assert.rejects(count(directory), namesFile('CURRENT'));
});
