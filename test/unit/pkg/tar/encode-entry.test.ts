import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { toByteString } from '../../../../pkg/sys/byte-string.ts';
import { encodeTarEntry, tarEnd, tarPadding } from '../../../../pkg/tar/encode-entry.ts';
import type { TarEntry } from '../../../../pkg/tar/tar-entry.ts';
import { TarParser } from '../../../../pkg/tar/tar-parser.ts';

const types = ['file', 'hardlink', 'symlink', 'character', 'block', 'directory', 'fifo'] as const;
/** Names of any bytes but null, short and long ones. */
const name = fc
  .uint8Array({ min: 1, minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const id = fc.oneof(fc.nat(0o7777777), fc.nat(0xffff_fffe));
const xattr = fc.tuple(
  fc.stringMatching(/^user\.[a-z]{1,20}$/),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

const anyEntry: fc.Arbitrary<TarEntry> = fc
  .record({
    type: fc.constantFrom(...types),
    name,
    linkName: fc.oneof(fc.constant(''), name),
    mode: fc.nat(0o7777),
    uid: id,
    gid: id,
    size: fc.nat(2000),
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
    major: fc.nat(4095),
    minor: fc.nat(1_048_575),
    xattrs: fc.array(xattr, { maxLength: 4 }).map((pairs) => new Map(pairs)),
  })
  .map((entry) => ({ ...entry, size: entry.type === 'file' ? entry.size : 0 }));

function encode(entry: TarEntry): Buffer {
  return Buffer.concat([encodeTarEntry(entry), Buffer.alloc(entry.size), Buffer.alloc(tarPadding(entry.size))]);
}

test('what is written is what is read', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 5 }), fc.integer({ min: 1, max: 3000 }), (entries, step) => {
      const read: TarEntry[] = [];
      const parser = new TarParser({
        entry: (entry) => void read.push(entry),
        data: () => undefined,
        end: () => undefined,
      });
      const tar = Buffer.concat([...entries.map(encode), tarEnd]);
      for (let at = 0; at < tar.length; at += step) {
        // As a reader does that uses its buffer again.
        const piece = Buffer.from(tar.subarray(at, at + step));
        parser.push(piece);
        piece.fill(0x55);
      }
      parser.finish();
      assert.deepEqual(read, entries);
    }),
    { numRuns: 300 },
  );
});

test('what only an extended header can say is read by GNU tar', () => {
  const entry: TarEntry = {
    ...{
      type: 'file',
      name: toByteString('ä'.repeat(120)),
      linkName: '',
      mode: 0o4755,
      uid: 3_000_000_000,
      gid: 9_000_000,
    },
    ...{ size: 9_000_000_000, seconds: 9_000_000_000, nanoseconds: 250_000_000, major: 0, minor: 0 },
    xattrs: new Map([['user.note', Buffer.from('a=b')]]),
  };
  const input = encodeTarEntry(entry);
  const args = ['--quoting-style=literal', '--full-time', '--utc', '--numeric-owner', '--xattrs', '-tvvf', '-'];
  // The content is missing, so that tar complains in the end.
  const { stdout } = tryTar(args, input);
  assert.match(stdout, /^-rwsr-xr-x\* 3000000000\/9000000 9000000000 2255-03-14 16:00:00\.25 ä{120}\n/u);
});

function tryTar(args: string[], input: Buffer): { stdout: string } {
  try {
    return {
      stdout: execFileSync('tar', args, {
        input,
        stdio: 'pipe',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      }).toString(),
    };
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return { stdout: String(error.stdout) };
    throw error;
  }
}
