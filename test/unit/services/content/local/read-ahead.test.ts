import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { ReadAhead, type ReadFile } from '../../../../../services/content/local/read-ahead.ts';
import { TemporaryDirectory } from '../../../../lab/temporary-directory.ts';

const size = 600_000;
const kib32 = 32 << 10;
const bytes = new Uint8Array(size).map((_, index) => (index * 7) ^ (index >> 8));

/** A file of `bytes` whose reads are counted. */
async function withFile(work: (file: ReadFile, reads: number[]) => Promise<void>): Promise<void> {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'file');
  writeFileSync(path, bytes);
  await using handle = await open(path);
  const reads: number[] = [];
  const read = handle.read.bind(handle);
  handle.read = ((buffer: Uint8Array, offset: number, length: number, position: number) => {
    reads.push(length);
    return read(buffer, offset, length, position);
  }) as typeof handle.read;
  await work({ handle, size }, reads);
}

suite('reading ahead', () => {
  test('pieces are those of the file, in whatever order and length they are asked for', async () => {
    await withFile(async (file) => {
      const jump = fc.record({ offset: fc.nat(size), length: fc.integer({ min: 1, max: 300_000 }) });
      const following = fc.record({ offset: fc.constant(undefined), length: fc.integer({ min: 1, max: 300_000 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(following, jump), { maxLength: 30 }), async (asked) => {
          const ahead = new ReadAhead();
          let end = 0;
          for (const { offset = end, length } of asked) {
            const piece = await ahead.piece(file, offset, length);
            assert.equal(Buffer.compare(piece, bytes.subarray(offset, offset + length)), 0);
            end = Math.min(offset + length, size);
          }
        }),
        { numRuns: 50 },
      );
    });
  });

  test('pieces that follow each other cost few reads of the file', async () => {
    await withFile(async (file, reads) => {
      const ahead = new ReadAhead();
      for (let offset = 0; offset < size; offset += kib32) await ahead.piece(file, offset, kib32);
      assert.deepEqual(reads, [kib32, 256 << 10, 256 << 10, size - kib32 - (512 << 10)]);
    });
  });

  test('pieces here and there are read as they are asked for', async () => {
    await withFile(async (file, reads) => {
      const ahead = new ReadAhead();
      for (const offset of [0, 100_000, 50_000, 300_000]) await ahead.piece(file, offset, 1000);
      assert.deepEqual(reads, [1000, 1000, 1000, 1000]);
    });
  });

  test('of many files only those that were read last are held', async () => {
    await withFile(async ({ handle }, reads) => {
      const ahead = new ReadAhead();
      const files = Array.from({ length: 33 }, () => ({ handle, size }));
      for (const file of files) {
        await ahead.piece(file, 0, 1000);
        await ahead.piece(file, 1000, 1000);
      }
      reads.length = 0;
      for (const file of [...files.slice(1), ...files.slice(0, 1)]) await ahead.piece(file, 2000, 1000);
      assert.deepEqual(reads, [1000]);
    });
  });

  test('a file that was forgotten is held no longer', async () => {
    await withFile(async (file, reads) => {
      const ahead = new ReadAhead();
      await ahead.piece(file, 0, 1000);
      await ahead.piece(file, 1000, 1000);
      ahead.forget(file);
      await ahead.piece(file, 2000, 1000);
      assert.deepEqual(reads, [1000, 256 << 10, 1000]);
    });
  });
});
