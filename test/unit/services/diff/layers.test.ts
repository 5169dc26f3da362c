import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectoryHandle } from '../../../../pkg/sys/directory-handle.ts';
import { treeCalls } from '../../../../pkg/sys/tree-calls.ts';
import { setUmask } from '../../../../pkg/sys/umask.ts';
import { LayerLab } from './layer-lab.ts';
import { readTree } from './read-tree.ts';

const lab = new LayerLab();

/** A tree with one of everything. */
function makeSource(): string {
  const root = lab.make();
  const at = (path: string): string => join(root, path);
  mkdirSync(at('dir/deep'), { recursive: true });
  mkdirSync(at('sticky'));
  writeFileSync(at('dir/file'), 'hello');
  writeFileSync(at('dir/big'), Buffer.alloc(700_001, 'big'));
  writeFileSync(at('dir/deep/ümläut'), 'x');
  writeFileSync(at(`dir/${'long'.repeat(40)}`), 'long');
  writeFileSync(at('empty'), '');
  writeFileSync(at('setuid'), 'suid');
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), 5_000_000);
  using handle = new DirectoryHandle(root);
  writeFileSync(at('holes'), Buffer.alloc(4096, 'a'));
  truncateSync(at('holes'), 3_000_000);
  linkSync(at('dir/file'), at('hard'));
  symlinkSync('dir/file', at('soft'));
  symlinkSync('t'.repeat(150), at('far'));
  treeCalls.mknodat(handle.fd, 'fifo', 0o010644, 0, 0);
  treeCalls.mknodat(handle.fd, 'null', 0o020666, 1, 3);
  treeCalls.mknodat(handle.fd, 'disk', 0o060600, 7, 0);
  treeCalls.setAttributesAt(handle.fd, 'setuid', 0o4755, 1000, 3_000_000, 1_500_000_000, 123_456_789);
  treeCalls.setXattrAt(handle.fd, 'setuid', 'user.note', Buffer.from([0, 10, 255]));
  treeCalls.setXattrAt(
    handle.fd,
    'setuid',
    'security.capability',
    Buffer.from('0100000200040000000000000000000000000000', 'hex'),
  );
  treeCalls.setXattrAt(handle.fd, 'dir', 'user.dir', Buffer.from('yes'));
  chmodSync(at('sticky'), 0o1777);
  chmodSync(at('dir/deep'), 0o2710);
  utimesSync(at('dir'), 1.25, 1.25);
  lutimesSync(at('soft'), 77.5, 77.5);
  return root;
}

for (const format of ['gnu', 'posix']) {
  for (const sparse of [
    [],
    ['--sparse', '--sparse-version=0.0'],
    ['--sparse', '--sparse-version=0.1'],
    ['--sparse', '--sparse-version=1.0'],
  ]) {
    test(`what GNU tar packs (${format} ${sparse.at(-1) ?? ''}) comes out as GNU tar unpacks it`, async () => {
      const source = makeSource();
      const pax = format === 'posix' ? ['--xattrs', '--xattrs-include=*'] : [];
      const options = { maxBuffer: 64 * 1024 * 1024 };
      const tar = execFileSync(
        'tar',
        [`--format=${format}`, ...sparse, ...pax, '-C', source, '-cf', '-', '.'],
        options,
      );
      const expected = lab.make();
      execFileSync('tar', [...pax, '--numeric-owner', '-C', expected, '-xpf', '-'], { input: tar });
      const before = setUmask(0o077);
      const result = await lab.extract(tar).finally(() => setUmask(before));
      assert.deepEqual(readTree(result.root), readTree(expected));
      assert.equal(result.digest, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
      assert.equal(result.size, tar.length);
      assert.deepEqual(result.implied, []);
      if (sparse.length > 0) assert.ok(statSync(join(result.root, 'holes')).blocks < 1000);
    });
  }
}

test('later entries replace earlier ones, whatever they are', async () => {
  const { root } = await lab.extract([
    { name: 'a', data: 'old' },
    { name: 'a', data: 'new' },
    { name: 'd', type: '5', mode: 0o700 },
    { name: 'd/child', data: 'x' },
    { name: 'd', type: '5', mode: 0o751, seconds: 5 },
    { name: 'e/child', data: 'x' },
    { name: 'e', data: 'file now' },
    { name: 'f', data: 'x' },
    { name: 'f', type: '5', mode: 0o755 },
    { name: 'g', type: '6' },
    { name: 'g', type: '1', linkName: 'a' },
  ]);
  const tree = readTree(root);
  assert.deepEqual(Object.keys(tree), ['a', 'd', 'd/child', 'e', 'f', 'g']);
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'new');
  assert.match(tree['d'] ?? '', /^40000:751 0:0 5000000000$/);
  assert.equal(lstatSync(join(root, 'a')).nlink, 2);
});

test('times before 1970 and beyond what nanoseconds can say become 1970', async () => {
  const { root } = await lab.extract([
    { name: 'a', pax: { mtime: '-5' } },
    { name: 'b', pax: { mtime: '99999999999' } },
  ]);
  assert.deepEqual([lstatSync(join(root, 'a')).mtimeMs, lstatSync(join(root, 'b')).mtimeMs], [0, 0]);
});

test('overlay: whiteouts are devices, opaque directories carry the mark', async () => {
  const { root } = await lab.extract(
    [
      { name: 'd', type: '5', mode: 0o755 },
      { name: 'd/.wh.gone', uid: 4 },
      { name: 'o/.wh..wh..opq' },
      { name: 'o/kept', data: 'x' },
      { name: 'back', data: 'x' },
      { name: '.wh.back' },
      { name: '.wh.again' },
      { name: 'again', data: 'x' },
      { name: '.wh..wh.plnk/7', data: 'aufs' },
    ],
    { whiteouts: 'overlay' },
  );
  const tree = readTree(root, { times: false });
  assert.deepEqual(Object.keys(tree), ['again', 'back', 'd', 'd/gone', 'o', 'o/kept']);
  assert.equal(tree['d/gone'], '20000:0 4:0 dev 0');
  assert.equal(tree['back'], '20000:0 0:0 dev 0');
  using handle = new DirectoryHandle(root);
  assert.equal(treeCalls.getXattrAt(handle.fd, 'o', 'trusted.overlay.opaque')?.toString(), 'y');
});

test('elsewhere: whiteouts delete, opaque marks empty a directory of what is not the layer’s', async () => {
  const { root } = await lab.extract(
    ['gone', 'dir/a', 'dir/b/c', 'opaque/old', 'opaque/sub/old', 'opaque/sub/new', 'kept'].map((name) => ({
      name,
      data: name,
    })),
  );
  await lab.extract(
    [
      { name: '.wh.gone' },
      { name: '.wh.never' },
      { name: 'nowhere/.wh.x' },
      { name: '.wh.dir' },
      { name: 'opaque/sub/new', data: 'newer' },
      { name: 'opaque/.wh..wh..opq' },
      { name: 'opaque/late', data: 'x' },
      { name: 'nowhere/.wh..wh..opq' },
    ],
    { root },
  );
  assert.deepEqual(Object.keys(readTree(root)), ['kept', 'opaque', 'opaque/late', 'opaque/sub', 'opaque/sub/new']);
  assert.equal(readFileSync(join(root, 'opaque/sub/new'), 'utf8'), 'newer');
});

test('parents that a layer leaves out look as in the nearest layer that has them', async () => {
  const low = await lab.extract([
    { name: 'a', type: '5', mode: 0o700, uid: 1, gid: 2, seconds: 10, pax: { 'SCHILY.xattr.user.x': 'low' } },
    { name: 'a/b', type: '5', mode: 0o1777, seconds: 20 },
    { name: 'hidden/deep', type: '5', mode: 0o700, uid: 9 },
  ]);
  const middle = await lab.extract(
    [{ name: 'a', type: '5', mode: 0o711, uid: 3, gid: 4, seconds: 30 }, { name: '.wh.hidden' }],
    { whiteouts: 'overlay' },
  );
  const lowers = [middle.root, low.root];
  const entries = ['a/b/file', 'hidden/deep/file', 'own/file'].map((name) => ({ name, data: '' }));
  const layer = [...entries, { name: 'own', type: '5', mode: 0o750, seconds: 40 }];
  const whole = await lab.extract(layer, { lowers, whiteouts: 'overlay' });
  const tree = readTree(whole.root);
  assert.equal(tree['a'], '40000:711 3:4 30000000000');
  assert.equal(tree['a/b'], '40000:1777 0:0 20000000000');
  assert.match(tree['hidden/deep'] ?? '', /^40000:755 0:0 /);
  assert.equal(tree['own'], '40000:750 0:0 40000000000');
  assert.deepEqual(whole.implied, ['a', 'a/b', 'hidden', 'hidden/deep']);

  const apart = await lab.extract(layer, { whiteouts: 'overlay' });
  const { root, implied: directories } = apart;
  await lab.pool.run({ kind: 'fix', root, lowers, directories });
  const fixed = readTree(root);
  for (const path of ['a', 'a/b', 'own']) assert.equal(fixed[path], tree[path], path);
});

test('a task that is cancelled rejects with the reason', async () => {
  const file = lab.file(Buffer.alloc(1024));
  const target = { root: lab.make(), lowers: [], whiteouts: 'delete' } as const;
  const abort = new AbortController();
  const running = lab.pool.run({ kind: 'extract', file, compression: 'none', target }, abort.signal);
  abort.abort(new Error('the caller left'));
  await assert.rejects(running, /the caller left/);
});
