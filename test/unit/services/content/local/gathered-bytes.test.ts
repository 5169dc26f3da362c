import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { GatheredBytes } from '../../../../../services/content/local/gathered-bytes.ts';

const piece = (seed: number, length: number): Uint8Array =>
  new Uint8Array(length).map((_, index) => seed * 31 + index * 7 + (index >> 8));

suite('gathering bytes', () => {
  test('what is taken is what was added, in its order, and lasts until it is given back', () => {
    const step = fc.record({
      what: fc.constantFrom('copy', 'keep', 'take', 'release'),
      seed: fc.nat(255),
      length: fc.oneof(fc.nat(100), fc.nat(400_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const gathered = new GatheredBytes();
        let added: Uint8Array[] = [];
        const held: { expected: Buffer; taken: ReturnType<GatheredBytes['take']> }[] = [];
        const check = ({ expected, taken }: (typeof held)[number]): void =>
          assert.equal(Buffer.compare(Buffer.concat(taken.parts), expected), 0);
        const take = (): void => {
          const expected = Buffer.concat(added);
          assert.equal(gathered.size, expected.length);
          held.push({ expected, taken: gathered.take() });
          added = [];
          assert.equal(gathered.size, 0);
        };
        for (const { what, seed, length } of steps) {
          const bytes = piece(seed, length);
          if (what === 'take') take();
          else if (what === 'release') {
            const done = held.shift();
            if (!done) continue;
            check(done);
            gathered.release(done.taken.blocks);
          } else {
            added.push(Uint8Array.from(bytes));
            gathered[what](bytes);
            // A copy does not depend on what becomes of the original.
            if (what === 'copy') bytes.fill(0);
          }
        }
        take();
        held.forEach(check);
      }),
      { numRuns: 50 },
    );
  });

  test('many small pieces lie in few blocks, which are used again', () => {
    const gathered = new GatheredBytes();
    const fill = (): ReturnType<GatheredBytes['take']> => {
      for (let count = 0; count < 32; count++) gathered.copy(piece(count, 32 << 10));
      return gathered.take();
    };
    gathered.release(fill().blocks);
    const second = fill();
    gathered.release(second.blocks);
    const third = fill();
    assert.ok(third.parts.length <= 6, `${third.parts.length} parts`);
    assert.ok(second.blocks.some((block) => third.blocks.includes(block)));
  });

  test('a small blob takes little memory', () => {
    const gathered = new GatheredBytes();
    gathered.copy(piece(1, 500));
    assert.deepEqual(
      gathered.take().blocks.map(({ length }) => length),
      [4096],
    );
  });
});
