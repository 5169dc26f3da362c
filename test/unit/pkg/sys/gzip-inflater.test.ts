import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { GzipInflater } from '../../../../pkg/sys/gzip-inflater.ts';

const directory = mkdtempSync(join(tmpdir(), 'gantry-gzip-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

/** Unpacks a stream whose file is shown in steps of so many bytes, into pieces of memory of that size. */
async function inflate(stream: Buffer, step: number, room: number, validate = true): Promise<Buffer> {
  const file = join(directory, String(count++));
  writeFileSync(file, stream);
  const fd = openSync(file, 'r');
  try {
    const inflater = new GzipInflater(validate);
    const pieces: Buffer[] = [];
    for (let offset = 0; ;) {
      const length = Math.min(step, stream.length - offset);
      const last = offset + length === stream.length;
      const output = Buffer.alloc(room);
      const { taken, made } = await inflater.inflate(fd, { offset, length, last }, output);
      pieces.push(output.subarray(0, made));
      offset += taken;
      assert.ok(taken === length || made === room, 'it stopped while it had both bytes and room');
      if (last && taken === length && made < room) return Buffer.concat(pieces);
    }
  } finally {
    closeSync(fd);
  }
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 700_000 }).map((length) => Buffer.alloc(length, 'ab')),
);
const sizes = fc.integer({ min: 1, max: 400_000 });

test('members and padding come out as they went in, in whatever pieces', async () => {
  const members = fc.array(content, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      members,
      fc.nat({ max: 1000 }),
      sizes,
      fc.integer({ min: 500, max: 400_000 }),
      async (...given) => {
        const [contents, padding, step, room] = given;
        const stream = Buffer.concat([...contents.map((each) => gzipSync(each)), Buffer.alloc(padding)]);
        const unpacked = await inflate(stream, Math.max(step, stream.length >> 8), room);
        assert.ok(unpacked.equals(Buffer.concat(contents)));
      },
    ),
    { numRuns: 60 },
  );
});

test('a truncated stream is refused, wherever it ends', async () => {
  const stream = gzipSync(Buffer.from('content '.repeat(10_000)));
  for (const length of [0, 1, 9, 10, 11, stream.length - 9, stream.length - 8, stream.length - 1]) {
    await assert.rejects(inflate(stream.subarray(0, length), 1 << 20, 1 << 16), {
      code: 'EBADMSG',
      syscall: 'unexpected end of file',
    });
  }
  const both = Buffer.concat([stream, stream.subarray(0, 20)]);
  await assert.rejects(inflate(both, 1 << 20, 1 << 16), { syscall: 'unexpected end of file' });
});

test('a damaged stream is refused, with zlib’s reason', async () => {
  const stream = gzipSync(Buffer.from('content '.repeat(10_000)));
  const damaged = Buffer.from(stream);
  damaged[stream.length - 8] = 1 ^ (damaged[stream.length - 8] ?? 0);
  await assert.rejects(inflate(damaged, 1 << 20, 1 << 16), { code: 'EBADMSG', syscall: 'incorrect data check' });
  await assert.rejects(inflate(Buffer.alloc(100, 'x'), 1 << 20, 1 << 16), { syscall: 'incorrect header check' });
  const followed = Buffer.concat([stream, Buffer.from('rubbish')]);
  await assert.rejects(inflate(followed, 1 << 20, 1 << 16), { syscall: 'incorrect header check' });
});

test('a check value that nobody is to look at may be wrong, but not missing', async () => {
  const content = Buffer.from('content '.repeat(10_000));
  const stream = gzipSync(content);
  stream.fill(0x55, stream.length - 8);
  const both = Buffer.concat([stream, stream]);
  assert.ok((await inflate(both, 1 << 20, 1 << 16, false)).equals(Buffer.concat([content, content])));
  await assert.rejects(inflate(both.subarray(0, -1), 1 << 20, 1 << 16, false), { syscall: 'unexpected end of file' });
});

test('a file that cannot be read, or is shorter than was said', async () => {
  const inflater = new GzipInflater();
  const range = { offset: 0, length: 10, last: true };
  await assert.rejects(inflater.inflate(1 << 20, range, Buffer.alloc(10)), { code: 'EBADF', syscall: 'pread' });
  const file = join(directory, 'short');
  writeFileSync(file, '');
  const fd = openSync(file, 'r');
  await assert.rejects(inflater.inflate(fd, range, Buffer.alloc(10)), { code: 'ENODATA', syscall: 'pread' });
  closeSync(fd);
});
