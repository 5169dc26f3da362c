import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openDatabase } from '../../../../pkg/database/open-database.ts';
import { OverlayLayout } from '../../../../snapshotters/overlayfs/overlay-layout.ts';
import { whyNoOverlay } from '../../../../snapshotters/overlayfs/overlay-support.ts';
import { backendSnapshotsTable } from '../../../../snapshotters/storage/backend-snapshots-table.ts';
import { DirectorySnapshotter } from '../../../../snapshotters/storage/directory-snapshotter.ts';
import { isKind } from '../../../suites/content-store-suite.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';
import { layer, snapshotterSuite } from '../../../suites/snapshotter-suite.ts';

const scope = { namespace: 'default' };

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), 'gantry-overlay-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function open(
  root: string,
  settings: { mountOptions?: string[]; upperdirLabel?: boolean; syncRemove?: boolean } = {},
) {
  const { mountOptions = [], upperdirLabel = false, syncRemove = false } = settings;
  const database = await openDatabase(join(root, 'db'), { tables: [backendSnapshotsTable], version: 1 });
  const layout = new OverlayLayout({ mountOptions, upperdirLabel });
  const snapshotter = await DirectorySnapshotter.open({ root, database, layout, syncRemove, log: quietLogger });
  return {
    snapshotter,
    async [Symbol.asyncDispose]() {
      await snapshotter[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

snapshotterSuite(
  'overlayfs',
  { rebase: true, namespaces: false, ownUsage: true, cleanup: true, typedErrors: true },
  async () => {
    const directory = await temporary();
    const opened = await open(directory.path);
    return {
      ...{ snapshotter: opened.snapshotter, scope },
      async [Symbol.asyncDispose]() {
        assert.deepEqual(await readdir(join(directory.path, 'snapshots')), []);
        await opened[Symbol.asyncDispose]();
        await directory[Symbol.asyncDispose]();
      },
    };
  },
);

it('gives the mounts that containerd gives', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path, { mountOptions: ['volatile'] });
  const { snapshotter } = opened;
  const fs = (id: number): string => join(directory.path, 'snapshots', String(id), 'fs');
  const bind = (source: string, flag: string) => [{ type: 'bind', source, target: '', options: [flag, 'rbind'] }];
  assert.deepEqual(await snapshotter.prepare(scope, 'a', ''), bind(fs(1), 'rw'));
  assert.deepEqual(await snapshotter.view(scope, 'v', ''), bind(fs(2), 'ro'));
  await snapshotter.commit(scope, 'A', 'a');
  assert.deepEqual(await snapshotter.view(scope, 'va', 'A'), bind(fs(1), 'ro'));
  const extra = ['volatile', 'index=off'];
  const overlay = (options: string[]) => [
    { type: 'overlay', source: 'overlay', target: '', options: [...options, ...extra] },
  ];
  const onA = await snapshotter.prepare(scope, 'b', 'A');
  const own = (id: number) => [
    `workdir=${join(directory.path, 'snapshots', String(id), 'work')}`,
    `upperdir=${fs(id)}`,
  ];
  assert.deepEqual(onA, overlay([...own(4), `lowerdir=${fs(1)}`]));
  await snapshotter.commit(scope, 'B', 'b');
  assert.deepEqual(await snapshotter.prepare(scope, 'c', 'B'), overlay([...own(5), `lowerdir=${fs(4)}:${fs(1)}`]));
  assert.deepEqual(await snapshotter.view(scope, 'vb', 'B'), overlay([`lowerdir=${fs(4)}:${fs(1)}`]));
});

it('lays directories out as containerd does and removes them at the cleanup', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path, { upperdirLabel: true });
  const { snapshotter } = opened;
  await snapshotter.prepare(scope, 'active', '');
  await snapshotter.view(scope, 'view', '');
  const snapshots = join(directory.path, 'snapshots');
  const mode = async (path: string): Promise<string> => ((await stat(join(snapshots, path))).mode & 0o7777).toString(8);
  assert.deepEqual(
    [await mode('.'), await mode('1'), await mode('1/fs'), await mode('1/work')],
    ['700', '700', '755', '711'],
  );
  assert.deepEqual(await readdir(join(snapshots, '2')), ['fs']);
  const { labels } = await snapshotter.stat(scope, 'active');
  assert.equal(labels.get('containerd.io/snapshot/overlay.upperdir'), join(snapshots, '1/fs'));
  await mkdir(join(snapshots, 'new-123'));
  await mkdir(join(snapshots, '77/fs'), { recursive: true });
  await snapshotter.remove(scope, 'view');
  assert.deepEqual((await readdir(snapshots)).sort(), ['1', '2', '77', 'new-123']);
  await snapshotter.cleanup(scope);
  assert.deepEqual(await readdir(snapshots), ['1']);
});

it('removes directories with the record when so configured', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path, { syncRemove: true });
  await opened.snapshotter.prepare(scope, 'active', '');
  await opened.snapshotter.remove(scope, 'active');
  assert.deepEqual(await readdir(join(directory.path, 'snapshots')), []);
});

it('is set right at the start', async () => {
  await using directory = await temporary();
  const snapshots = join(directory.path, 'snapshots');
  {
    await using opened = await open(directory.path);
    await layer({ snapshotter: opened.snapshotter, scope }, 'base', '');
    await opened.snapshotter.prepare(scope, 'active', 'base');
    await opened.snapshotter.prepare(scope, 'removed', 'base');
    await opened.snapshotter.remove(scope, 'removed');
  }
  await rm(join(snapshots, '2'), { recursive: true });
  await mkdir(join(snapshots, 'new-left/fs'), { recursive: true });
  await using again = await open(directory.path);
  await again.snapshotter.cleanup(scope);
  assert.deepEqual((await readdir(snapshots)).sort(), ['1', '2']);
  assert.deepEqual((await readdir(join(snapshots, '2'))).sort(), ['fs', 'work']);
  await again.snapshotter.prepare(scope, 'next', 'base');
  const ids = (await readdir(snapshots)).map(Number).sort((a, b) => a - b);
  assert.ok((ids.at(-1) ?? 0) > 3, `number ${ids.at(-1)} was given again`);
});

it('takes the owner of a root that is mapped', async () => {
  await using directory = await temporary();
  await using opened = await open(directory.path);
  const mapping = (value: string) => ({
    labels: new Map([
      ['containerd.io/snapshot/uidmapping', value],
      ['containerd.io/snapshot/gidmapping', value],
    ]),
  });
  await opened.snapshotter.prepare(scope, 'mapped', '', mapping('0:100000:65536'));
  const { uid, gid } = await stat(join(directory.path, 'snapshots/1/fs'));
  assert.deepEqual([uid, gid], [100_000, 100_000]);
  for (const bad of ['x', '1:2:3', '0:4294967295:1']) {
    await assert.rejects(opened.snapshotter.prepare(scope, 'bad', '', mapping(bad)), isKind('invalid-argument'));
  }
  assert.deepEqual(await readdir(join(directory.path, 'snapshots')), ['1']);
});

it('tells where overlayfs works', async () => {
  await using directory = await temporary();
  assert.equal(await whyNoOverlay(directory.path), undefined);
  assert.deepEqual(await readdir(directory.path), []);
});
