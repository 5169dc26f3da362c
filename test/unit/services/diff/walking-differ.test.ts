import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Mount } from '../../../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../../../pkg/oci/descriptor.ts';
import { mountAll } from '../../../../pkg/sys/mount-all.ts';
import { unmountAll } from '../../../../pkg/sys/unmount.ts';
import { LocalContentStore } from '../../../../services/content/local/local-content-store.ts';
import { TemporaryMounts } from '../../../../services/diff/temporary-mounts.ts';
import { WalkingDiffer } from '../../../../services/diff/walking-differ.ts';
import { makeTar, type MadeEntry } from '../../pkg/tar/make-tar.ts';
import { LayerLab } from './layer-lab.ts';
import { readTree } from './read-tree.ts';

const lab = new LayerLab();
const scope = { namespace: 'test' };
const gzipType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const entries: MadeEntry[] = [
  { name: 'dir', type: '5', mode: 0o755 },
  { name: 'dir/file', data: 'content' },
  { name: 'big', data: Buffer.alloc(900_000, 'abc') },
];
const tar = makeTar(entries);
const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;

let content: LocalContentStore;
let differ: WalkingDiffer;
const mountRoot = lab.make();

before(async () => {
  content = await LocalContentStore.open(lab.make());
  const mounts = new TemporaryMounts(mountRoot);
  await mounts.reconcile();
  differ = new WalkingDiffer(content, lab.pool, mounts, false);
});

async function blob(bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (await content.info(scope, digest).catch(() => undefined)) return { mediaType, digest, size: bytes.length };
  await using writer = await content.writer(scope, { ref: digest });
  await writer.write(bytes);
  await writer.commit(bytes.length, digest);
  return { mediaType, digest, size: bytes.length };
}

function bind(source: string, ...options: string[]): Mount {
  return { type: 'bind', source, target: '', options: ['rbind', ...options] };
}

function overlay(): { mount: Mount; upper: string; lower: string } {
  const base = lab.make();
  const [upper, work, lower] = ['upper', 'work', 'lower'].map((name) => join(base, name)) as [string, string, string];
  for (const path of [upper, work, lower]) mkdirSync(path);
  const options = [`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${lower}`, 'index=off'];
  return { mount: { type: 'overlay', source: 'overlay', target: '', options }, upper, lower };
}

const half = 700 * 512;
const packed: Record<string, [mediaType: string, bytes: Buffer]> = {
  'plain tar': ['application/vnd.oci.image.layer.v1.tar', tar],
  gzip: [gzipType, gzipSync(tar)],
  'gzip of several members': [gzipType, Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))])],
  zstd: ['application/vnd.oci.image.layer.v1.tar+zstd', zstdCompressSync(tar)],
  'zstd of several frames': [
    'application/vnd.oci.image.layer.v1.tar+zstd',
    Buffer.concat([zstdCompressSync(tar.subarray(0, half)), zstdCompressSync(tar.subarray(half))]),
  ],
  'Docker gzip': ['application/vnd.docker.image.rootfs.diff.tar.gzip', gzipSync(tar)],
  'Docker without a suffix, packed all the same': ['application/vnd.docker.image.rootfs.diff.tar', gzipSync(tar)],
  'Docker without a suffix': ['application/vnd.docker.image.rootfs.diff.tar', tar],
  'a type that says gzip over a plain tar': [gzipType, tar],
};

for (const [what, [mediaType, bytes]] of Object.entries(packed)) {
  test(`${what} is unpacked, and the diff id is that of the tar`, async () => {
    const root = lab.make();
    const applied = await differ.apply(scope, await blob(bytes, mediaType), [bind(root)], { syncFs: true });
    assert.deepEqual(applied, {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: diffId,
      size: tar.length,
    });
    assert.equal(readFileSync(join(root, 'dir/file'), 'utf8'), 'content');
    assert.equal(readFileSync(join(root, 'big')).length, 900_000);
  });
}

test('bytes behind the archive count for the diff id', async () => {
  const longer = Buffer.concat([tar, Buffer.alloc(20_000, 'tail')]);
  const applied = await differ.apply(scope, await blob(gzipSync(longer), gzipType), [bind(lab.make())]);
  assert.deepEqual(
    [applied.digest, applied.size],
    [`sha256:${createHash('sha256').update(longer).digest('hex')}`, longer.length],
  );
});

test('truncated and damaged streams are refused', async () => {
  const gzip = gzipSync(tar);
  const zstd = zstdCompressSync(tar);
  const damaged = Buffer.from(gzip);
  damaged.fill(0x55, 300, 340);
  const bad: [Buffer, string][] = [
    [gzip.subarray(0, -4), gzipType],
    [gzip.subarray(0, 200), gzipType],
    [damaged, gzipType],
    [zstd.subarray(0, -10), 'application/vnd.oci.image.layer.v1.tar+zstd'],
    [gzip, 'application/vnd.oci.image.layer.v1.tar'],
    [Buffer.from('rubbish'), gzipType],
  ];
  for (const [bytes, mediaType] of bad) {
    await assert.rejects(differ.apply(scope, await blob(bytes, mediaType), [bind(lab.make())]), {
      kind: 'invalid-argument',
      message: /^apply layer sha256:/,
    });
  }
});

test('types that are no layer or encrypted are not implemented', async () => {
  const types = [
    'application/vnd.oci.image.config.v1+json',
    `${gzipType}+encrypted`,
    'application/vnd.oci.image.layer.v1.tar+lz4',
    '',
  ];
  for (const mediaType of types) {
    await assert.rejects(differ.apply(scope, await blob(tar, mediaType), [bind(lab.make())]), {
      kind: 'unimplemented',
    });
  }
});

test('a blob that is not there is not found', async () => {
  const missing = { mediaType: gzipType, digest: `sha256:${'0'.repeat(64)}`, size: 1 };
  await assert.rejects(differ.apply(scope, missing, [bind(lab.make())]), { kind: 'not-found' });
});

test('an overlay gets its upper directory filled, and shows the layer over the one beneath', async () => {
  const { mount, upper, lower } = overlay();
  mkdirSync(join(lower, 'etc'), { mode: 0o711 });
  writeFileSync(join(lower, 'etc/gone'), '');
  writeFileSync(join(lower, 'etc/kept'), '');
  const layer = await blob(
    makeTar([{ name: 'etc/.wh.gone' }, { name: 'etc/new', data: 'x' }]),
    'application/vnd.oci.image.layer.v1.tar',
  );
  await differ.apply(scope, layer, [mount]);
  assert.match(readTree(upper)['etc'] ?? '', /^40000:711/);
  const seen = await new TemporaryMounts(mountRoot).use([mount], (root) =>
    Promise.resolve(readdirSync(join(root, 'etc'))),
  );
  assert.deepEqual(seen.sort(), ['kept', 'new']);
});

test('other mounts are performed for as long as it takes', async () => {
  const { mount, upper, lower } = overlay();
  const shown = lab.make();
  writeFileSync(join(lower, 'gone'), '');
  mkdirSync(join(lower, 'sub'));
  const layer = makeTar([{ name: '.wh.gone' }, { name: 'sub/file', data: 'x' }]);
  const both = [mount, { ...bind(shown), target: '/sub' }];
  await differ.apply(scope, await blob(layer, 'application/vnd.oci.image.layer.v1.tar'), both);
  assert.deepEqual(readdirSync(shown), ['file']);
  assert.deepEqual(readdirSync(upper), ['gone']);
  assert.deepEqual(readdirSync(mountRoot), []);
});

test('a read-only mount is not written to, and nothing stays mounted', async () => {
  const root = lab.make();
  await assert.rejects(
    differ.apply(scope, await blob(tar, 'application/vnd.oci.image.layer.v1.tar'), [bind(root, 'ro')]),
    /EROFS/,
  );
  assert.deepEqual(readdirSync(root), []);
  assert.deepEqual(readdirSync(mountRoot), []);
});

test('mounts that a crash left are taken off at the start', async () => {
  const directory = lab.make();
  const left = join(directory, 'mount-left');
  mkdirSync(left);
  await mountAll([{ type: 'tmpfs', source: 'tmpfs', target: '', options: [] }], left);
  try {
    await new TemporaryMounts(directory).reconcile();
    assert.deepEqual(readdirSync(directory), []);
  } finally {
    await unmountAll(left, { detach: true });
    rmSync(directory, { recursive: true });
  }
});

test('layers unpacked apart and settled look as if unpacked in turn', async () => {
  const base = await blob(
    makeTar([{ name: 'a', type: '5', mode: 0o710, uid: 5, seconds: 10 }]),
    'application/vnd.oci.image.layer.v1.tar',
  );
  const top = await blob(
    makeTar([{ name: 'a/x', data: 'x' }, { name: 'a/.wh.y' }]),
    'application/vnd.oci.image.layer.v1.tar',
  );
  const [low, high] = [lab.make(), lab.make()];
  assert.equal(differ.canUnpack([bind(high)]), true);
  assert.equal(differ.canUnpack([bind(high, 'ro')]), false);
  const [, layer] = await Promise.all([
    differ.unpack(scope, base, [bind(low)]),
    differ.unpack(scope, top, [bind(high)]),
  ]);
  await differ.settle(layer, [bind(high)], [bind(low, 'ro')]);
  assert.equal(readTree(high)['a'], '40000:710 5:0 10000000000');
  assert.match(readTree(high)['a/y'] ?? '', /^20000:0/);
});
