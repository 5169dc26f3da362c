import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { OciLayout, type Layer } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { tarEnd } from '../lab/tar-writer.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { makeEntry, type MadeEntry } from '../unit/pkg/tar/make-tar.ts';
import { readTree } from '../unit/services/diff/read-tree.ts';

/** Images by name, their layers by entries, bottom first. */
const recipes: Readonly<Record<string, readonly (readonly MadeEntry[])[]>> = {
  'of every type': [
    [
      { name: 'dir', type: '5', mode: 0o2751, uid: 3, gid: 4, seconds: 100, pax: { 'SCHILY.xattr.user.d': 'v' } },
      { name: 'dir/file', data: 'content', mode: 0o4711, uid: 1000, gid: 3000, seconds: 12345 },
      { name: 'dir/hard', type: '1', linkName: 'dir/file' },
      { name: 'dir/soft', type: '2', linkName: '../elsewhere', mode: 0o777, uid: 7, seconds: 99 },
      { name: 'dir/soft-hard', type: '1', linkName: 'dir/soft' },
      { name: 'fifo', type: '6', mode: 0o640, seconds: 5 },
      { name: 'null', type: '3', mode: 0o666, major: 1, minor: 3 },
      { name: 'disk', type: '4', mode: 0o600, major: 7, minor: 300 },
      { name: 'big', data: Buffer.alloc(700_001, 'big') },
      { name: 'empty', data: '', mode: 0 },
      { name: 'nanoseconds', data: '', pax: { mtime: '1234.567890123' } },
      { name: 'ümläut-\u00ff', data: '' },
      { name: 'noted', data: 'x', pax: { 'SCHILY.xattr.user.note': 'a=b\0c', 'SCHILY.xattr.trusted.t': 't' } },
      {
        name: 'capable',
        data: 'x',
        mode: 0o755,
        uid: 5,
        pax: { 'SCHILY.xattr.security.capability': '\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0' },
      },
      { name: 'large-owner', data: '', pax: { uid: '3000000000', gid: '2147483648' } },
      { name: `long/${'name'.repeat(50)}/${'more'.repeat(30)}`, data: 'x' },
      { name: 'sticky', type: '5', mode: 0o1777 },
      { name: './dotted//path/../file', data: 'x' },
    ],
  ],
  'that replace each other': [
    [
      { name: 'a', data: '1' },
      { name: 'd', type: '5', mode: 0o700, seconds: 7 },
      { name: 'd/x', data: 'x' },
      { name: 'f/y', data: 'y' },
      { name: 'l', type: '2', linkName: 'd' },
    ],
    [
      { name: 'a', type: '5', mode: 0o711 },
      { name: 'a/b', data: 'b' },
      { name: 'd', data: 'now a file' },
      { name: 'f', type: '2', linkName: 'a' },
      { name: 'l', type: '5', mode: 0o755 },
    ],
    [
      { name: 'a', data: 'again' },
      { name: 'twice', data: 'first' },
      { name: 'twice', data: 'second', mode: 0o600 },
      { name: 'd', type: '5', mode: 0o750, uid: 9 },
    ],
  ],
  'with whiteouts': [
    [
      { name: 'gone', data: 'x' },
      { name: 'dir/gone', data: 'x' },
      { name: 'dir/kept', data: 'x' },
      { name: 'tree/deep/x', data: 'x' },
      { name: 'opaque/old/x', data: 'x' },
      { name: 'opaque/both', data: 'old' },
      { name: 'back/x', data: 'x' },
    ],
    [
      { name: '.wh.gone' },
      { name: 'dir/.wh.gone' },
      { name: '.wh.tree' },
      { name: 'opaque/.wh..wh..opq' },
      { name: 'opaque/both', data: 'new' },
      { name: 'opaque/new', data: 'x' },
      { name: '.wh.back' },
    ],
    [
      { name: 'back', type: '5', mode: 0o700, seconds: 3 },
      { name: 'back/y', data: 'y' },
      { name: 'gone', type: '5', mode: 0o755 },
    ],
  ],
  'that leave directories out': [
    [
      { name: 'var', type: '5', mode: 0o711, uid: 1, gid: 2, seconds: 10, pax: { 'SCHILY.xattr.user.v': 'low' } },
      { name: 'var/lib', type: '5', mode: 0o1770, uid: 3, seconds: 20 },
      { name: 'run', type: '5', mode: 0o755, seconds: 30 },
      { name: 'hidden/deep', type: '5', mode: 0o700, uid: 9 },
    ],
    [{ name: 'var/lib/one/file', data: '1' }, { name: 'made/up/file', data: 'x' }, { name: '.wh.hidden' }],
    [
      { name: 'var', type: '5', mode: 0o755, uid: 4, seconds: 40, pax: { 'SCHILY.xattr.user.v': 'middle' } },
      { name: 'made/up', type: '5', mode: 0o500, seconds: 60 },
    ],
    [{ name: 'var/lib/two/file', data: '2' }, { name: 'made/up/more', data: 'x' }, { name: 'var/lib/one/.wh.file' }],
  ],
  'of many layers': Array.from({ length: 40 }, (_, number) => [
    { name: `common/layer-${number}`, data: `${number}`, mode: 0o600 + number, seconds: number },
    { name: 'common/latest', data: `${number}` },
    ...(number % 3 === 2 ? [{ name: `common/.wh.layer-${number - 1}` }] : []),
    ...(number % 5 === 4 ? [{ name: `common`, type: '5', mode: 0o755, seconds: 1000 + number }] : []),
  ]),
};

async function addImage(layout: OciLayout, name: string, recipe: readonly (readonly MadeEntry[])[]): Promise<void> {
  const layers: Layer[] = [];
  for (const [at, entries] of recipe.entries()) {
    const chunks = [...entries.map(makeEntry), tarEnd];
    layers.push(await layout.addTarLayer(chunks, (['gzip', 'zstd', 'none'] as const)[at % 3]));
  }
  layout.addImage(name, layers);
}

/**
 * containerd leaves an implied directory the time at which it was written into; here it has the one that it has beneath, or, where
 * there is none, that of the unpacking.
 */
function withoutImpliedTimes(tree: Record<string, string>, recipe: readonly (readonly MadeEntry[])[]): typeof tree {
  const carried = recipe.at(-1)?.map(({ name }) => name) ?? [];
  return Object.fromEntries(
    Object.entries(tree).map(([path, text]) => {
      const implied = text.startsWith('40000:') && !carried.includes(path);
      return [path, implied ? text.replace(/^(\S+ \S+) \d+/, '$1') : text];
    }),
  );
}

const seen = new Map<DaemonOptions['kind'], Map<string, Record<string, string>>>();

for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`layers unpacked by ${kind}`, () => {
    const directory = new TemporaryDirectory();
    let registry: Registry;
    let daemon: DaemonUnderTest;
    let layout: OciLayout;
    const references = new Map<string, string>();
    before(async () => {
      layout = new OciLayout(join(directory.path, 'layout'));
      registry = await Registry.start();
      for (const [at, [name, recipe]] of Object.entries(recipes).entries()) {
        const short = `lab/unpack-${at}:1`;
        await addImage(layout, short, recipe);
        references.set(name, await registry.push(layout, short));
      }
      daemon = await DaemonUnderTest.start({ kind });
      seen.set(kind, new Map());
    });
    after(async () => {
      await daemon[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    for (const [at, [name, recipe]] of Object.entries(recipes).entries()) {
      test(`layers ${name}`, async () => {
        const ctr = new Ctr(daemon);
        const reference = references.get(name) ?? '';
        await ctr.ok(['image', 'pull', '--plain-http', reference]);
        const target = join(directory.path, `mount-${at}`);
        mkdirSync(target);
        await ctr.ok(['image', 'mount', reference, target]);
        try {
          seen.get(kind)?.set(name, withoutImpliedTimes(readTree(target), recipe));
        } finally {
          await ctr.ok(['image', 'unmount', '--rm', target]);
        }
      });
    }
  });
}

for (const name of Object.keys(recipes)) {
  test(`both make the same of layers ${name}`, () => {
    const [theirs, ours] = [seen.get('2.1.9')?.get(name), seen.get('gantry')?.get(name)];
    assert.ok(theirs && Object.keys(theirs).length > 1);
    assert.deepEqual(ours, theirs);
  });
}
