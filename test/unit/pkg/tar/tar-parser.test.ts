import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TarEntry } from '../../../../pkg/tar/tar-entry.ts';
import { TarParser } from '../../../../pkg/tar/tar-parser.ts';
import { makeEntry, makeHeader, makeTar, sealHeader, type MadeEntry } from './make-tar.ts';

interface Seen {
  readonly entry: TarEntry;
  content: Buffer;
}

function parse(tar: Buffer, pieces: readonly number[] = [tar.length]): Seen[] {
  const seen: Seen[] = [];
  const append = (chunk: Uint8Array): void => {
    const last = seen.at(-1);
    if (last) last.content = Buffer.concat([last.content, chunk]);
  };
  const parser = new TarParser({
    entry: (entry, data) => {
      seen.push({ entry, content: Buffer.alloc(0) });
      if (data) append(data);
    },
    data: append,
    end: () => undefined,
  });
  for (let at = 0, index = 0; at < tar.length; index++) {
    const length = pieces[index % pieces.length] ?? 1;
    parser.push(tar.subarray(at, at + length));
    at += length;
  }
  parser.finish();
  return seen;
}

const refused = { kind: 'invalid-argument' };

test('fields of an entry', () => {
  const made = { name: 'a/b', data: 'hello', mode: 0o4755, uid: 7, gid: 8, seconds: 99 };
  const [seen] = parse(makeTar([made]));
  assert.ok(seen);
  const { type, name, mode, uid, gid, seconds, size } = seen.entry;
  assert.deepEqual([type, name, mode, uid, gid, seconds, size], ['file', 'a/b', 0o4755, 7, 8, 99, 5]);
  assert.equal(seen.content.toString(), 'hello');
});

test('pax records override the header', () => {
  const pax = {
    path: `${'d/'.repeat(200)}ümläut`,
    mtime: '1234.000000567',
    uid: '3000000000',
    'SCHILY.xattr.user.a': 'x=\ny',
  };
  const [seen] = parse(makeTar([{ name: 'short', pax }]));
  assert.equal(seen?.entry.name, pax.path);
  assert.deepEqual([seen.entry.seconds, seen.entry.nanoseconds, seen.entry.uid], [1234, 567, 3_000_000_000]);
  assert.deepEqual([...seen.entry.xattrs], [['user.a', Buffer.from('x=\ny')]]);
});

test('a time before 1970 is rounded down', () => {
  const [seen] = parse(makeTar([{ name: 'a', pax: { mtime: '-1.25' } }]));
  assert.deepEqual([seen?.entry.seconds, seen?.entry.nanoseconds], [-2, 750_000_000]);
});

test('GNU long names, numbers in base 256, and the oldest form of a directory', () => {
  const long = `${'x'.repeat(150)}/name`;
  const numbers = makeHeader({ name: 'n' }, 0);
  numbers.set([0x80, 0, 0, 0, 0x80, 0, 0, 0], 108);
  const tar = Buffer.concat([
    makeEntry({ name: '././@LongLink', type: 'L', data: `${long}\0` }),
    makeEntry({ name: '././@LongLink', type: 'K', data: `${long}\0` }),
    makeEntry({ name: 'cut', type: '2', linkName: 'cut' }),
    sealHeader(numbers),
    makeEntry({ name: 'old/', type: '\0' }),
    Buffer.alloc(1024),
  ]);
  const seen = parse(tar).map(({ entry }) => [entry.type, entry.name, entry.linkName, entry.uid]);
  assert.deepEqual(seen, [
    ['symlink', long, long, 0],
    ['file', 'n', '', 0x8000_0000],
    ['directory', 'old/', '', 0],
  ]);
});

test('global headers are skipped, and what follows the end is ignored', () => {
  const global = makeEntry({ name: 'g', type: 'g', data: '17 comment=hallo\n' });
  const tar = Buffer.concat([global, makeTar([{ name: 'a' }]), Buffer.from('rubbish')]);
  assert.deepEqual(
    parse(tar).map(({ entry }) => entry.name),
    ['a'],
  );
});

test('the archive may end without a mark, but not within an entry', () => {
  const entry = makeEntry({ name: 'a', data: 'x'.repeat(1000) });
  assert.equal(parse(entry).length, 1);
  for (const length of [1, 511, 513, 1500, 1535])
    assert.throws(() => parse(entry.subarray(0, length)), refused, String(length));
  const large = makeEntry({ name: 'a', data: Buffer.alloc(300_000) });
  assert.throws(() => parse(large.subarray(0, 200_000)), refused);
  const dangling = makeEntry({ name: 'x', type: 'x', data: '9 path=a\n' });
  assert.throws(() => parse(dangling), refused);
});

test('what is malformed or over a limit is refused', () => {
  const wrong = makeHeader({ name: 'a' }, 0);
  wrong[0] = 0x62;
  const bad: Buffer[] = [
    wrong,
    Buffer.from('x'.repeat(1024)),
    makeEntry({ name: 'a', type: 'Z' }),
    makeEntry({ name: 'a', type: 'x', size: 2 * 1024 * 1024 }),
    makeEntry({ name: 'a', type: 'L', size: 2 * 1024 * 1024 }),
    makeEntry({ name: 'a', type: 'x', data: '999 path=a\n' }),
    makeEntry({ name: 'a', type: 'x', data: '-4 path=a\n' }),
    makeEntry({ name: 'a', type: 'x', data: 'path=a\n' }),
    makeEntry({ name: 'a', pax: { path: 'a\0b' } }),
    makeEntry({ name: 'a', pax: { size: '99999999999999999999' } }),
    makeEntry({ name: 'a', pax: { mtime: 'yesterday' } }),
    makeEntry({ name: 'a', pax: { uid: '4294967295' } }),
    makeEntry({ name: 'a', pax: { 'SCHILY.xattr.user.x': 'x'.repeat(70_000) } }),
    makeEntry({ name: 'a', pax: { 'GNU.sparse.map': '0,10,5,10', 'GNU.sparse.size': '100' }, data: 'x'.repeat(20) }),
    makeEntry({ name: 'a', pax: { 'GNU.sparse.map': '0,10', 'GNU.sparse.size': '5' }, data: 'x'.repeat(10) }),
    makeEntry({ name: 'a', pax: { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '5' }, data: '1\n0\n5\n' }),
  ];
  for (const [index, tar] of bad.entries())
    assert.throws(() => parse(Buffer.concat([tar, Buffer.alloc(1024)])), refused, String(index));
});

const madeEntry: fc.Arbitrary<MadeEntry> = fc.record({
  name: fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom('a', 'b', '/', '.', 'ü') }),
  type: fc.constantFrom('0', '1', '2', '3', '4', '5', '6'),
  linkName: fc.string({ maxLength: 200, unit: fc.constantFrom('a', '/', '.') }),
  data: fc.uint8Array({ maxLength: 2000 }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
});

test('pieces of any length give the same entries', () => {
  fc.assert(
    fc.property(
      fc.array(madeEntry, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1 }),
      (made, pieces) => {
        const entries = made.map((entry) => (entry.type === '0' ? entry : { ...entry, data: '' }));
        const tar = makeTar(entries);
        const seen = parse(tar, pieces);
        assert.deepEqual(seen, parse(tar));
        assert.deepEqual(
          seen.map(({ entry }) => [entry.name, entry.mode]),
          entries.map(({ name, mode }) => [name, mode]),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('any bytes are parsed or refused, never anything else', () => {
  fc.assert(
    fc.property(
      fc.array(madeEntry, { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (made, place, byte) => {
        const tar = makeTar(made);
        tar[place % tar.length] = byte;
        try {
          parse(tar, [700]);
        } catch (error) {
          assert.equal(error instanceof Error && 'kind' in error && error.kind, 'invalid-argument');
        }
      },
    ),
    { numRuns: 300 },
  );
});
