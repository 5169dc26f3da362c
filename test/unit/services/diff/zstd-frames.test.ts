import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { ZstdFrames } from '../../../../services/diff/zstd-frames.ts';

const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
const emptySkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

function frame(content: Buffer, checksum: boolean): Buffer {
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 } });
}

test('every frame ends a piece, however the stream arrives', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    fc.integer({ min: 0, max: 400_000 }).map((length) => Buffer.alloc(length, 'ab')),
  );
  const anyFrame = fc.oneof(
    fc.tuple(content, fc.boolean()).map(([bytes, checksum]) => frame(bytes, checksum)),
    fc.constantFrom(skippable, emptySkippable),
  );
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.integer({ min: 1, max: 5000 }), (frames, step) => {
      const stream = Buffer.concat(frames);
      const splitter = new ZstdFrames();
      const ends = new Set<number>();
      let at = 0;
      for (let start = 0; start < stream.length; start += step) {
        for (const piece of splitter.split(stream.subarray(start, start + step))) ends.add((at += piece.length));
      }
      assert.equal(at, stream.length);
      assert.equal(splitter.complete, true);
      let end = 0;
      for (const { length } of frames) assert.ok(ends.has((end += length)));
    }),
    { numRuns: 100 },
  );
});

test('a stream that stops within a frame is not complete', () => {
  const splitter = new ZstdFrames();
  for (const piece of splitter.split(frame(Buffer.from('hello'), true).subarray(0, -1))) void piece;
  assert.equal(splitter.complete, false);
});

test('what is no frame is refused', () => {
  const splitter = new ZstdFrames();
  assert.throws(() => [...splitter.split(Buffer.concat([frame(Buffer.from('x'), false), Buffer.from('rubbish')]))], {
    kind: 'invalid-argument',
  });
});
