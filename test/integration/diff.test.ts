import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { busyboxEntries } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { peers } from '../lab/peers.ts';
import { runProgram } from '../lab/run-program.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { uniqueName } from '../lab/unique-name.ts';
import { LayerLab } from '../unit/services/diff/layer-lab.ts';
import { readTree } from '../unit/services/diff/read-tree.ts';

const plain = 'application/vnd.oci.image.layer.v1.tar';
const image = 'docker.io/lab/diff:1';

/** What a container does to its root file system. */
const script = [
  'rm /bin/ls /etc/group',
  'rm -r /data && mkdir /data && echo new > /data/new',
  'chmod 4711 /bin/busybox',
  'echo more >> /etc/passwd',
  'mkdir -p /made/deep && echo x > /made/deep/file && ln /made/deep/file /made/hard',
  'ln -s /made /pointer',
  'mkfifo -m 620 /made/fifo',
  'chown 12:34 /made',
  'rm -r /usr && echo file > /usr',
]
  .join(' && ')
  .replaceAll(/(^|&& )(?!echo)/g, '$1/bin/busybox ');

const lab = new LayerLab();
const directory = new TemporaryDirectory();
const archive = join(directory.path, 'image.tar');
/** The base layer, uncompressed. */
let base: Buffer;

before(async () => {
  const layout = new OciLayout(join(directory.path, 'layout'));
  const layer = await layout.addLayer([
    ...busyboxEntries(),
    { name: 'data/old/file', content: 'old' },
    { name: 'usr/deep/file', content: 'x' },
  ]);
  layout.addImage(image, [layer]);
  await layout.archive(archive);
  base = gunzipSync(readFileSync(layout.blobPath(layer.digest)));
});
after(() => directory[Symbol.dispose]());

/** The tree that a layer makes of the base; times of what the containers made differ. */
async function applied(layer: Buffer): Promise<Record<string, string>> {
  const { root } = await lab.extract(base);
  await lab.extract(layer, { root });
  return readTree(root, { times: false });
}

/** Runs ctr with its standard output in a file. */
async function output(daemon: DaemonUnderTest, args: readonly string[]): Promise<Buffer> {
  const file = join(directory.path, uniqueName('out'));
  const command = 'file=$1; shift; exec "$@" > "$file"';
  const ctr = [peers.ctr('2.1.9'), '--address', daemon.address, '--namespace', daemon.namespace, ...args];
  const { code, stderr } = await runProgram('sh', ['-c', command, 'sh', file, ...ctr]);
  assert.equal(code, 0, stderr);
  return readFileSync(file);
}

/** By daemon: what its diff of the container makes of the base. */
const trees = new Map<DaemonOptions['kind'], Record<string, string>>();

for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`differences of snapshots by ${kind}`, () => {
    let daemon: DaemonUnderTest;
    let ctr: Ctr;
    const id = uniqueName('diff');
    before(async () => {
      daemon = await DaemonUnderTest.start({ kind });
      ctr = new Ctr(daemon);
      await ctr.ok(['image', 'import', archive]);
      await ctr.ok(['run', image, id, 'sh', '-ec', script]);
    });
    after(() => daemon[Symbol.asyncDispose]());

    test('of a container, in every media type', async () => {
      const tar = await output(daemon, ['snapshot', 'diff', '--media-type', plain, id]);
      const tree = await applied(tar);
      assert.match(tree['bin/busybox'] ?? '', /^100000:4711 /);
      assert.deepEqual([tree['etc/group'], tree['bin/ls'], tree['usr/deep']], [undefined, undefined, undefined]);
      trees.set(kind, tree);
      assert.deepEqual(gunzipSync(await output(daemon, ['snapshot', 'diff', id])), tar);
      const zstd = await output(daemon, ['snapshot', 'diff', '--media-type', `${plain}+zstd`, id]);
      assert.deepEqual(zstdDecompressSync(zstd), tar);
      const refused = await ctr.run(['snapshot', 'diff', '--media-type', 'application/x-none', id]);
      assert.match(refused.stderr, /unsupported diff media type/);
    });

    test('a committed snapshot, and one against a chosen other', async () => {
      const name = uniqueName('committed');
      await ctr.ok(['snapshot', 'commit', name, id]);
      const committed = await output(daemon, ['snapshot', 'diff', '--media-type', plain, name]);
      assert.deepEqual(await applied(committed), trees.get(kind));
      const chain = `sha256:${createHash('sha256').update(base).digest('hex')}`;
      const other = await output(daemon, ['snapshot', 'diff', '--media-type', plain, chain, name]);
      assert.deepEqual(await applied(other), trees.get(kind));
    });

    test('a container is checkpointed with its writable layer', async () => {
      const second = uniqueName('checkpoint');
      await ctr.ok(['run', image, second, 'sh', '-c', 'echo kept > /kept']);
      const ref = `docker.io/lab/${uniqueName('checkpoint')}:1`;
      await ctr.ok(['container', 'checkpoint', '--rw', '--image', second, ref]);
      const line = (await ctr.ok(['image', 'ls'])).split('\n').find((text) => text.startsWith(ref)) ?? '';
      const digest = /sha256:[0-9a-f]{64}/.exec(line)?.[0] ?? '';
      const index = JSON.parse(await ctr.ok(['content', 'get', digest])) as { manifests: Descriptor[] };
      const layer = index.manifests.find(({ mediaType }) => mediaType.startsWith(plain));
      const tree = await applied(gunzipSync(await output(daemon, ['content', 'get', layer?.digest ?? ''])));
      assert.match(tree['kept'] ?? '', /^100000:644 0:0 1 /);
    });
  });
}

test('both daemons give layers that make the same tree', () => {
  assert.deepEqual(trees.get('gantry'), trees.get('2.1.9'));
});
