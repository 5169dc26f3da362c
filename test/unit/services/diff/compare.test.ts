import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Mount } from '../../../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../../../pkg/oci/descriptor.ts';
import { DirectoryHandle } from '../../../../pkg/sys/directory-handle.ts';
import { treeCalls } from '../../../../pkg/sys/tree-calls.ts';

import type { CompareOptions } from '../../../../services/diff/diff-service.ts';
import { TemporaryMounts } from '../../../../services/diff/temporary-mounts.ts';
import { WalkingDiffer } from '../../../../services/diff/walking-differ.ts';
import { LayerLab } from './layer-lab.ts';
import { readTree } from './read-tree.ts';
import { RecordingContent } from './recording-content.ts';

const lab = new LayerLab();
const scope = { namespace: 'test' };
const plain = 'application/vnd.oci.image.layer.v1.tar';
const mountRoot = lab.make();
const mounts = new TemporaryMounts(mountRoot);

let content: RecordingContent;
let differ: WalkingDiffer;

before(async () => {
  content = await RecordingContent.open(lab.make());
  await mounts.reconcile();
  differ = new WalkingDiffer(content, lab.pool, mounts, false);
});

function bind(source: string, ...options: string[]): Mount {
  return { type: 'bind', source, target: '', options: ['rbind', ...options] };
}

/** A tree to start from. */
function makeBase(root: string): void {
  const at = (path: string): string => join(root, path);
  for (const path of ['kept/deep', 'gone/deep', 'emptied/old', 'filed/deep', 'attributes', 'empty']) {
    mkdirSync(at(path), { recursive: true });
  }
  for (const path of ['kept/deep/same', 'gone/deep/x', 'emptied/old/x', 'filed/deep/x', 'removed', 'appended']) {
    writeFileSync(at(path), `content of ${path}`);
  }
  for (const path of ['dired', 'moded', 'owned', 'touched', 'rewritten', 'attributed', 'linked']) {
    writeFileSync(at(path), path);
  }
  linkSync(at('linked'), at('linked-too'));
  symlinkSync('kept', at('pointer'));
  for (const path of readdirSync(root)) lutimesSync(at(path), 1_600_000_000, 1_600_000_000);
  utimesSync(at('kept/deep'), 1_500_000_000, 1_500_000_000);
}

/** Something of everything that may happen to a tree. */
function change(root: string): void {
  const at = (path: string): string => join(root, path);
  for (const path of ['gone', 'emptied', 'filed', 'removed', 'dired']) rmSync(at(path), { recursive: true });
  mkdirSync(at('emptied'));
  writeFileSync(at('emptied/new'), 'x');
  writeFileSync(at('filed'), 'a file now');
  mkdirSync(at('dired/deep'), { recursive: true });
  appendFileSync(at('appended'), 'more');
  chmodSync(at('moded'), 0o4711);
  chownSync(at('owned'), 1000, 3_000_000);
  utimesSync(at('touched'), 1.5, 1.25);
  writeFileSync(at('rewritten'), 'REWRITTEN');
  chmodSync(at('attributes'), 0o1777);
  rmSync(at('pointer'));
  symlinkSync('x'.repeat(300), at('pointer'));
  writeFileSync(at('kept/new'), Buffer.alloc(700_001, 'big'));
  linkSync(at('kept/new'), at('kept/hard'));
  writeFileSync(at(`kept/${'long'.repeat(60)}`), '');
  writeFileSync(at('kept/ümläut'), 'x');
  using handle = new DirectoryHandle(root);
  treeCalls.setXattrAt(handle.fd, 'attributed', 'user.note', Buffer.from([0, 10, 61, 255]));
  treeCalls.setXattrAt(handle.fd, 'attributes', 'user.dir', Buffer.from('yes'));
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  treeCalls.setXattrAt(handle.fd, 'kept/new', 'security.capability', capability);
  treeCalls.mknodat(handle.fd, 'kept/fifo', 0o010644, 0, 0);
  treeCalls.mknodat(handle.fd, 'kept/null', 0o020666, 1, 3);
  treeCalls.mknodat(handle.fd, 'kept/not-\xff-utf8', 0o100640, 0, 0);
}

/** A changed tree over a base: the mounts of both, and how the tree looks. */
interface Changed {
  readonly base: string;
  readonly upper: string;
  readonly left: Mount[];
  readonly right: Mount[];
  readonly tree: Record<string, string>;
}

async function changed(work: (root: string) => void, ...options: string[]): Promise<Changed> {
  const [base, upper, workdir] = [lab.make(), lab.make(), lab.make()];
  makeBase(base);
  const all = [`workdir=${workdir}`, `upperdir=${upper}`, `lowerdir=${base}`, 'index=off', ...options];
  const right = [{ type: 'overlay', source: 'overlay', target: '', options: all }];
  const tree = await mounts.use(right, (root) => {
    work(root);
    return Promise.resolve(readTree(root));
  });
  return { base, upper, left: [bind(base, 'ro')], right, tree };
}

function copyOf(directory: string): string {
  const copy = lab.make();
  execFileSync('cp', ['-a', `${directory}/.`, copy]);
  return copy;
}

/** What a layer makes of a copy of a base, in place. */
async function applied(base: string, layer: Descriptor): Promise<Record<string, string>> {
  const copy = copyOf(base);
  await differ.apply(scope, layer, [bind(copy)]);
  return readTree(copy);
}

/** What it makes as a layer of overlayfs. */
async function stacked(base: string, layer: Descriptor): Promise<Record<string, string>> {
  const [upper, workdir] = [lab.make(), lab.make()];
  const options = [`workdir=${workdir}`, `upperdir=${upper}`, `lowerdir=${base}`];
  const mount = [{ type: 'overlay', source: 'overlay', target: '', options }];
  await differ.apply(scope, layer, mount);
  return await mounts.use(mount, (root) => Promise.resolve(readTree(root)));
}

function blobOf({ digest }: Descriptor): Buffer {
  return readFileSync(content.path(digest));
}

function namesOf(layer: Descriptor): string[] {
  const options = { input: blobOf(layer), maxBuffer: 64 * 1024 * 1024 };
  return execFileSync('tar', ['-tf', '-'], options).toString().trim().split('\n');
}

async function compare(left: Mount[], right: Mount[], options: CompareOptions = {}): Promise<Descriptor> {
  return await differ.compare(scope, left, right, { mediaType: plain, ...options });
}

test('an overlay is read from its upper directory, and the layer makes the same tree of the base', async () => {
  const { base, left, right, tree } = await changed(change);
  const layer = await compare(left, right);
  assert.deepEqual(await applied(base, layer), tree);
  assert.deepEqual(await stacked(base, layer), tree);
  const names = namesOf(layer);
  assert.ok(names.includes('emptied/.wh..wh..opq'));
  // New directories are marked by overlayfs, too, but hide nothing.
  assert.ok(!names.includes('dired/.wh..wh..opq') && !names.includes('dired/deep/.wh..wh..opq'));
  assert.ok(!names.some((name) => name.startsWith('gone/')) && names.includes('.wh.gone'));
});

test('other trees are walked side by side, with the same outcome', async () => {
  const { base, right, tree } = await changed(change);
  const layer = await compare([bind(copyOf(base), 'ro')], right);
  assert.deepEqual(await applied(base, layer), tree);
  assert.deepEqual(await stacked(base, layer), tree);
  const names = namesOf(layer);
  for (const name of ['kept/deep/', 'kept/deep/same', 'empty/']) assert.ok(!names.includes(name), name);
  assert.ok(names.includes('emptied/.wh.old') && !names.some((name) => name.includes('.wh..wh.')));
  assert.deepEqual(readdirSync(mountRoot), []);
});

test('directories that were copied whole are walked, with hard links among old and new names', async () => {
  const base = lab.make();
  makeBase(base);
  const copy = copyOf(base);
  change(copy);
  chmodSync(join(copy, 'linked'), 0o600);
  linkSync(join(copy, 'linked'), join(copy, 'kept/linked-three'));
  linkSync(join(copy, 'kept/deep/same'), join(copy, 'zz-new-name'));
  const layer = await compare([bind(base, 'ro')], [bind(copy)]);
  assert.deepEqual(await applied(base, layer), readTree(copy));
});

test('against nothing, everything is in the layer; against itself, nothing', async () => {
  const base = lab.make();
  makeBase(base);
  const whole = await compare([], [bind(base, 'ro')]);
  assert.deepEqual(await applied(lab.make(), whole), readTree(base));
  const beside = await compare([bind(lab.make(), 'ro')], [bind(base)]);
  assert.equal(beside.digest, whole.digest);
  assert.deepEqual(blobOf(await compare([bind(base)], [bind(copyOf(base))])), Buffer.alloc(1024));
});

test('redirects make the trees be walked', async () => {
  const { base, left, right, tree, upper } = await changed((root) => {
    renameSync(join(root, 'kept'), join(root, 'moved'));
    writeFileSync(join(root, 'moved/deep/new'), 'x');
  }, 'redirect_dir=on');
  // As a snapshotter's mounts have it: the kernel follows a redirect that it finds.
  const without = right.map((mount) => ({
    ...mount,
    options: mount.options.filter((option) => option !== 'redirect_dir=on'),
  }));
  using handle = new DirectoryHandle(upper);
  assert.ok(treeCalls.getXattrAt(handle.fd, 'moved', 'trusted.overlay.redirect'));
  const layer = await compare(left, without);
  assert.deepEqual(await applied(base, layer), tree);
});

test('files whose attributes alone were copied up are read where their content is', async () => {
  const { base, left, right, tree, upper } = await changed((root) => {
    chmodSync(join(root, 'kept/deep/same'), 0o600);
  }, 'metacopy=on');
  using handle = new DirectoryHandle(upper);
  assert.notEqual(treeCalls.getXattrAt(handle.fd, 'kept/deep/same', 'trusted.overlay.metacopy'), undefined);
  assert.deepEqual(await applied(base, await compare(left, right)), tree);
});

test('the upper directory may be in use', async () => {
  const { base, right, tree } = await changed(change);
  await mounts.use(right, async () => {
    assert.deepEqual(await applied(base, await compare([bind(copyOf(base), 'ro')], right)), tree);
  });
});

test('sockets are left out', async () => {
  const root = lab.make();
  const server = createServer().listen(join(root, 'socket'));
  writeFileSync(join(root, 'file'), '');
  const layer = await compare([], [bind(root)]);
  server.close();
  assert.deepEqual(namesOf(layer), ['file']);
});

test('what is packed is the same tar, with its digest in a label', async () => {
  const { left, right } = await changed(change);
  const tar = await compare(left, right, { labels: new Map([['mine', 'yes']]) });
  assert.deepEqual(
    content.labels.get(tar.digest),
    new Map([
      ['mine', 'yes'],
      ['containerd.io/uncompressed', tar.digest],
    ]),
  );
  const gzip = await compare(left, right, { mediaType: `${plain}+gzip` });
  const zstd = await compare(left, right, { mediaType: `${plain}+zstd`, ref: 'by-name' });
  assert.deepEqual(gunzipSync(blobOf(gzip)), blobOf(tar));
  assert.deepEqual(zstdDecompressSync(blobOf(zstd)), blobOf(tar));
  for (const layer of [gzip, zstd]) {
    assert.equal(content.labels.get(layer.digest)?.get('containerd.io/uncompressed'), tar.digest);
    assert.equal(layer.size, blobOf(layer).length);
  }
  const standard = await differ.compare(scope, left, right);
  assert.deepEqual(standard, { ...gzip, mediaType: `${plain}+gzip` });
  assert.deepEqual(await content.listStatuses(scope, []), []);
});

test('no time is later than the epoch that is asked for', async () => {
  const { base, left, right, tree } = await changed(change);
  const layer = await compare(left, right, { sourceDateEpoch: { seconds: 1_550_000_000, nanoseconds: 0 } });
  const late = await applied(base, layer);
  assert.equal(late['moded']?.endsWith(' 1550000000000000000'), true);
  assert.equal(late['touched'], tree['touched']);
});

test('other media types are refused by name', async () => {
  const types = ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/json', `${plain}+lz4`];
  for (const mediaType of types) {
    await assert.rejects(compare([], [bind(lab.make())], { mediaType }), { kind: 'unimplemented', message: /"appl/ });
  }
});

test('a comparison that is called off leaves no ingest and no mount', async () => {
  const base = lab.make();
  cpSync('/usr/bin', base, { recursive: true, verbatimSymlinks: true });
  const abort = new AbortController();
  content.onWrite = () => abort.abort(new Error('the caller left'));
  const trees = [[bind(lab.make())], [bind(base)]] as const;
  const options = { mediaType: plain };
  await assert.rejects(differ.compare({ ...scope, signal: abort.signal }, ...trees, options), /the caller left/);
  content.onWrite = () => Promise.reject(new Error('disk full'));
  await assert.rejects(differ.compare(scope, ...trees, options), /disk full/);
  content.onWrite = undefined;
  assert.deepEqual(await content.listStatuses(scope, []), []);
});
