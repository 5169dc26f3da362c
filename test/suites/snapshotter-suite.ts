import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { collect } from '../../pkg/batches/collect.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { mountAll } from '../../pkg/sys/mount-all.ts';
import { unmountAll } from '../../pkg/sys/unmount.ts';
import type { Snapshotter } from '../../snapshotters/snapshotter.ts';
import { isKind } from './content-store-suite.ts';

/** One snapshotter under test, empty. */
export interface SnapshotterFixture extends AsyncDisposable {
  readonly snapshotter: Snapshotter;
  readonly scope: Scope;
  /** Another namespace. */
  readonly other?: Scope;
}

/** What an implementation is asked to do. */
export interface SnapshotterSupports {
  /** Commits what was prepared without a parent onto one. */
  readonly rebase: boolean;
  /** Keeps namespaces apart. */
  readonly namespaces: boolean;
  /** A snapshot's usage counts what it adds to its parent, not the whole tree. */
  readonly ownUsage: boolean;
  /** Removes directories when asked to. */
  readonly cleanup: boolean;
  /** Says what was wrong with an argument by the error's kind, everywhere. */
  readonly typedErrors: boolean;
}

type Current = () => SnapshotterFixture;

/** Shows a snapshot's tree while `work` runs. */
export async function mounted<T>(mounts: readonly Mount[], work: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-mounted-'));
  try {
    await mountAll(mounts, root);
    try {
      return await work(root);
    } finally {
      await unmountAll(root);
    }
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Commits a layer that `fill` writes. */
export async function layer(
  { snapshotter, scope }: { snapshotter: Snapshotter; scope: Scope },
  name: string,
  parent: string,
  fill: (root: string) => Promise<void> = async () => {},
): Promise<void> {
  const mounts = await snapshotter.prepare(scope, `extract-${name}`, parent);
  await mounted(mounts, fill);
  await snapshotter.commit(scope, name, `extract-${name}`);
}

/** What every snapshotter has to do; `open` makes an empty one for each test. Needs root. */
export function snapshotterSuite(
  name: string,
  supports: SnapshotterSupports,
  open: () => Promise<SnapshotterFixture>,
): void {
  describe(`snapshotter: ${name}`, () => {
    let fixture: SnapshotterFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(async () => {
      const { snapshotter, scope } = fixture;
      await removeAll(snapshotter, scope);
      if (supports.cleanup) await snapshotter.cleanup?.(scope);
      await fixture[Symbol.asyncDispose]();
    });
    const current = (): SnapshotterFixture => fixture;
    testTrees(current, supports);
    testLife(current, supports);
    testRecords(current, supports);
    if (supports.rebase) testRebase(current);
    if (supports.namespaces) testNamespaces(current);
  });
}

/** Removes everything, children before parents. */
async function removeAll(snapshotter: Snapshotter, scope: Scope): Promise<void> {
  let left = await collect(snapshotter.list(scope, []));
  while (left.length > 0) {
    const parents = new Set(left.map(({ parent }) => parent));
    for (const { name } of left.filter((info) => !parents.has(info.name))) await snapshotter.remove(scope, name);
    left = await collect(snapshotter.list(scope, []));
  }
}

function testTrees(current: Current, supports: SnapshotterSupports): void {
  it('stacks layers', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'one', '', async (root) => {
      await writeFile(join(root, 'a'), 'a1');
      await writeFile(join(root, 'b'), 'b1');
      await mkdir(join(root, 'dir'));
      await writeFile(join(root, 'dir/c'), 'c1');
    });
    await layer(current(), 'two', 'one', async (root) => {
      await writeFile(join(root, 'a'), 'a2');
      await rm(join(root, 'b'));
    });
    await layer(current(), 'three', 'two', async (root) => writeFile(join(root, 'd'), 'd3'));
    const expected = { a: 'a2', d: 'd3' };
    for (const mounts of [
      await snapshotter.prepare(scope, 'rootfs', 'three'),
      await snapshotter.mounts(scope, 'rootfs'),
      await snapshotter.view(scope, 'view', 'three'),
    ]) {
      await mounted(mounts, async (root) => {
        assert.deepEqual((await readdir(root)).sort(), ['a', 'd', 'dir']);
        for (const [file, text] of Object.entries(expected))
          assert.equal(await readFile(join(root, file), 'utf8'), text);
        assert.equal(await readFile(join(root, 'dir/c'), 'utf8'), 'c1');
      });
    }
    await mounted(await snapshotter.mounts(scope, 'rootfs'), async (root) => writeFile(join(root, 'new'), 'kept'));
    await mounted(await snapshotter.mounts(scope, 'rootfs'), async (root) => {
      assert.equal(await readFile(join(root, 'new'), 'utf8'), 'kept');
    });
    await mounted(await snapshotter.view(scope, 'view-2', 'two'), async (root) => {
      assert.deepEqual((await readdir(root)).sort(), ['a', 'dir']);
    });
  });

  it('has views that cannot be written', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'one', '');
    await layer(current(), 'two', 'one');
    for (const parent of ['', 'one', 'two']) {
      await mounted(await snapshotter.view(scope, `view-${parent}`, parent), async (root) => {
        await assert.rejects(writeFile(join(root, 'file'), ''), { code: 'EROFS' });
      });
    }
  });

  it('gives the root of a snapshot the owner of its parent, and 0755 to the first', async () => {
    const { snapshotter, scope } = current();
    const { chown } = await import('node:fs/promises');
    await layer(current(), 'one', '', async (root) => {
      const found = await stat(root);
      assert.deepEqual([found.mode & 0o7777, found.uid, found.gid], [0o755, 0, 0]);
      await chown(root, 12, 34);
    });
    await mounted(await snapshotter.prepare(scope, 'rootfs', 'one'), async (root) => {
      const found = await stat(root);
      assert.deepEqual([found.uid, found.gid], [12, 34]);
    });
  });

  it('measures what a snapshot occupies', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'base', '', async (root) => writeFile(join(root, 'base'), Buffer.alloc(1 << 20, 1)));
    const base = await snapshotter.usage(scope, 'base');
    assert.ok(base.size >= 1 << 20 && base.size < 2 << 20, `${base.size} bytes`);
    assert.equal(base.inodes, 2);
    const mounts = await snapshotter.prepare(scope, 'active', 'base');
    const before = await snapshotter.usage(scope, 'active');
    await mounted(mounts, async (root) => {
      await writeFile(join(root, 'more'), Buffer.alloc(1 << 20, 1));
      const { link } = await import('node:fs/promises');
      await link(join(root, 'more'), join(root, 'linked'));
    });
    const active = await snapshotter.usage(scope, 'active');
    assert.equal(active.inodes, before.inodes + 1);
    assert.ok(active.size >= before.size + (1 << 20));
    if (supports.ownUsage) assert.ok(active.size < 2 << 20);
    await snapshotter.commit(scope, 'top', 'active');
    assert.deepEqual(await snapshotter.usage(scope, 'top'), active);
  });
}

function testLife(current: Current, supports: SnapshotterSupports): void {
  it('refuses what is not there', async () => {
    const { snapshotter, scope } = current();
    const missing = isKind('not-found');
    await assert.rejects(snapshotter.stat(scope, 'absent'), missing);
    await assert.rejects(snapshotter.mounts(scope, 'absent'), missing);
    await assert.rejects(snapshotter.usage(scope, 'absent'), missing);
    await assert.rejects(snapshotter.remove(scope, 'absent'), missing);
    await assert.rejects(snapshotter.commit(scope, 'name', 'absent'), missing);
    await assert.rejects(snapshotter.prepare(scope, 'key', 'absent'), missing);
    await assert.rejects(snapshotter.view(scope, 'key', 'absent'), missing);
    await assert.rejects(snapshotter.update(scope, { name: 'absent', labels: new Map() }, []), missing);
    assert.deepEqual(await collect(snapshotter.list(scope, [])), []);
  });

  it('refuses names that are taken', async () => {
    const { snapshotter, scope } = current();
    const taken = isKind('already-exists');
    await layer(current(), 'base', '');
    await snapshotter.prepare(scope, 'active', 'base');
    await assert.rejects(snapshotter.prepare(scope, 'active', ''), taken);
    await assert.rejects(snapshotter.view(scope, 'active', ''), taken);
    await assert.rejects(snapshotter.prepare(scope, 'base', ''), taken);
    await assert.rejects(snapshotter.commit(scope, 'base', 'active'), taken);
    assert.equal((await snapshotter.stat(scope, 'active')).kind, 'active');
    await snapshotter.commit(scope, 'second', 'active');
    await snapshotter.prepare(scope, 'active', 'second');
  });

  it('goes from active to committed and not from elsewhere', async () => {
    const { snapshotter, scope } = current();
    const notNow = isKind('failed-precondition');
    await layer(current(), 'base', '');
    await assert.rejects(snapshotter.stat(scope, 'extract-base'), isKind('not-found'));
    await assert.rejects(snapshotter.mounts(scope, 'base'), notNow);
    await assert.rejects(snapshotter.commit(scope, 'again', 'base'), notNow);
    await snapshotter.view(scope, 'view', 'base');
    const viewed = snapshotter.commit(scope, 'viewed', 'view');
    await assert.rejects(viewed, supports.typedErrors ? notNow : KindError);
    await snapshotter.prepare(scope, 'active', 'base');
    for (const parent of ['view', 'active']) {
      await assert.rejects(snapshotter.prepare(scope, 'on-it', parent), isKind('invalid-argument'));
    }
  });

  it('removes no snapshot that has children', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'base', '');
    await snapshotter.prepare(scope, 'child', 'base');
    await assert.rejects(snapshotter.remove(scope, 'base'), isKind('failed-precondition'));
    await snapshotter.commit(scope, 'child-committed', 'child');
    await assert.rejects(snapshotter.remove(scope, 'base'), isKind('failed-precondition'));
    await snapshotter.remove(scope, 'child-committed');
    await snapshotter.remove(scope, 'base');
    await assert.rejects(snapshotter.stat(scope, 'base'), isKind('not-found'));
    if (supports.cleanup) await snapshotter.cleanup?.(scope);
    await layer(current(), 'base', '');
  });

  it('prepares and removes many at once', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'base', '');
    const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`);
    const mounts = await Promise.all(keys.map((key) => snapshotter.prepare(scope, key, 'base')));
    assert.equal(new Set(mounts.map((list) => JSON.stringify(list))).size, keys.length);
    const twice = await Promise.allSettled(Array.from({ length: 5 }, () => snapshotter.prepare(scope, 'same', 'base')));
    assert.equal(twice.filter(({ status }) => status === 'fulfilled').length, 1);
    await Promise.all(keys.map((key) => snapshotter.remove(scope, key)));
    if (supports.cleanup) await snapshotter.cleanup?.(scope);
    assert.equal((await snapshotter.mounts(scope, 'same')).length, 1);
    await mounted(await snapshotter.mounts(scope, 'same'), async (root) => writeFile(join(root, 'x'), ''));
  });

  it('takes 128 layers', async () => {
    const { snapshotter, scope } = current();
    let parent = '';
    for (let i = 0; i < 128; i++) {
      const name = `layer-${i}`;
      const mounts = await snapshotter.prepare(scope, `extract-${name}`, parent);
      if (i % 32 === 0) await mounted(mounts, async (root) => writeFile(join(root, name), ''));
      await snapshotter.commit(scope, name, `extract-${name}`);
      parent = name;
    }
    await mounted(await snapshotter.prepare(scope, 'rootfs', parent), async (root) => {
      assert.deepEqual((await readdir(root)).sort(), ['layer-0', 'layer-32', 'layer-64', 'layer-96']);
    });
  });
}

function testRecords(current: Current, supports: SnapshotterSupports): void {
  it('tells what it has', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'base', '');
    await snapshotter.prepare(scope, 'active', 'base', { labels: new Map([['a.b/c', '1']]) });
    await snapshotter.view(scope, 'view', 'base');
    const infos = await collect(snapshotter.list(scope, []));
    assert.deepEqual(
      infos.map(({ name, kind, parent }) => [name, kind, parent]),
      [
        ['active', 'active', 'base'],
        ['base', 'committed', ''],
        ['view', 'view', 'base'],
      ],
    );
    for (const info of infos) {
      assert.deepEqual(await snapshotter.stat(scope, info.name), info);
      assert.ok(info.createdAt > 0n && info.updatedAt >= info.createdAt);
    }
    const names = async (filter: string): Promise<string[]> =>
      (await collect(snapshotter.list(scope, [filter]))).map(({ name }) => name);
    assert.deepEqual(await names('kind==committed'), ['base']);
    assert.deepEqual(await names('parent==base'), ['active', 'view']);
    assert.deepEqual(await names('name~=^v'), ['view']);
    assert.deepEqual(await names('labels."a.b/c"==1'), ['active']);
    if (supports.typedErrors) await assert.rejects(names('=='), isKind('invalid-argument'));
  });

  it('keeps labels', async () => {
    const { snapshotter, scope } = current();
    const labels = new Map([
      ['a', '1'],
      ['b', ''],
    ]);
    await snapshotter.prepare(scope, 'active', '', { labels });
    assert.deepEqual((await snapshotter.stat(scope, 'active')).labels, new Map([['a', '1']]));
    const given = { name: 'active', labels: new Map([['x.y', '2'], ['z', '3']]) }; // prettier-ignore
    const one = await snapshotter.update(scope, given, ['labels.x.y']);
    assert.deepEqual(one.labels, new Map([['a', '1'], ['x.y', '2']])); // prettier-ignore
    const all = await snapshotter.update(scope, given, []);
    assert.deepEqual(all.labels, given.labels);
    assert.ok(all.updatedAt > all.createdAt);
    assert.deepEqual(await snapshotter.stat(scope, 'active'), all);
    await assert.rejects(snapshotter.update(scope, given, ['parent']), isKind('invalid-argument'));
    await snapshotter.commit(scope, 'name', 'active', { labels: new Map([['own', '1']]) });
    assert.deepEqual((await snapshotter.stat(scope, 'name')).labels, new Map([['own', '1']]));
    const long = new Map([['k', 'v'.repeat(4096)]]);
    await assert.rejects(snapshotter.prepare(scope, 'long', '', { labels: long }), isKind('invalid-argument'));
  });

  it('takes keys of any characters', async () => {
    const { snapshotter, scope } = current();
    const key = 'sp ace/../ü"\n%';
    await snapshotter.prepare(scope, key, '');
    assert.equal((await snapshotter.stat(scope, key)).name, key);
    await snapshotter.commit(scope, `${key}/committed`, key);
    await snapshotter.prepare(scope, key, `${key}/committed`);
    assert.equal((await snapshotter.stat(scope, key)).parent, `${key}/committed`);
    if (supports.typedErrors) {
      await assert.rejects(snapshotter.prepare(scope, '', ''), isKind('invalid-argument'));
    }
  });
}

function testRebase(current: Current): void {
  it('commits onto a parent', async () => {
    const { snapshotter, scope } = current();
    await layer(current(), 'base', '', async (root) => writeFile(join(root, 'base'), ''));
    await mounted(await snapshotter.prepare(scope, 'loose', ''), async (root) => writeFile(join(root, 'loose'), ''));
    await assert.rejects(snapshotter.commit(scope, 'top', 'loose', { parent: 'absent' }), isKind('not-found'));
    await snapshotter.commit(scope, 'top', 'loose', { parent: 'base' });
    assert.equal((await snapshotter.stat(scope, 'top')).parent, 'base');
    await assert.rejects(snapshotter.remove(scope, 'base'), isKind('failed-precondition'));
    await mounted(await snapshotter.view(scope, 'view', 'top'), async (root) => {
      assert.deepEqual((await readdir(root)).sort(), ['base', 'loose']);
    });
  });
}

function testNamespaces(current: Current): void {
  it('keeps namespaces apart', async () => {
    const { snapshotter, scope, other = { namespace: `${scope.namespace}-other` } } = current();
    await layer(current(), 'base', '');
    await assert.rejects(snapshotter.stat(other, 'base'), isKind('not-found'));
    await assert.rejects(snapshotter.prepare(other, 'key', 'base'), isKind('not-found'));
    await layer({ snapshotter, scope: other }, 'base', '');
    await snapshotter.prepare(other, 'key', 'base');
    await snapshotter.prepare(scope, 'key', 'base');
    assert.notDeepEqual(await snapshotter.mounts(other, 'key'), await snapshotter.mounts(scope, 'key'));
    await removeAll(snapshotter, other);
    assert.equal((await snapshotter.stat(scope, 'key')).parent, 'base');
  });
}
