import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { DaemonDirectories } from '../../../daemon/directories.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';

function withDirectories(
  files: readonly string[],
  run: (root: string, state: string) => Promise<void>,
): () => Promise<void> {
  return async () => {
    using directory = new TemporaryDirectory();
    for (const file of files) {
      const path = join(directory.path, file);
      mkdirSync(dirname(path), { recursive: true });
      if (!file.endsWith('/')) writeFileSync(path, 'theirs');
      else mkdirSync(path, { recursive: true });
    }
    await run(join(directory.path, 'root'), join(directory.path, 'state'));
  };
}

function all(path: string): string[] {
  return readdirSync(dirname(path), { recursive: true, encoding: 'utf8' }).sort();
}

describe('directories that are ours', () => {
  test(
    'are made, marked, and taken again',
    withDirectories([], async (root, state) => {
      for (let count = 0; count < 2; count++) {
        using held = await DaemonDirectories.take(root, state);
        assert.ok(held);
        assert.equal(statSync(root).mode & 0o777, 0o700);
        assert.equal(statSync(state).mode & 0o777, 0o711);
        writeFileSync(join(root, 'io.containerd.data'), 'ours');
        assert.deepEqual(readdirSync(state), ['gantry.json']);
      }
    }),
  );

  test(
    'are ours alone',
    withDirectories([], async (root, state) => {
      using held = await DaemonDirectories.take(root, state);
      assert.ok(held);
      await assert.rejects(DaemonDirectories.take(root, `${state}2`), {
        kind: 'failed-precondition',
        message: /root ".*" is in use by another Gantry; stop it/,
      });
      await assert.rejects(DaemonDirectories.take(`${root}2`, state), { message: /state ".*" is in use/ });
      // What was locked on the way to the refusal is free again.
      using other = await DaemonDirectories.take(`${root}2`, `${state}2`);
      assert.ok(other);
    }),
  );

  test(
    'may hold what clients and shims of others leave in the state directory, and empty directories',
    withDirectories(
      [
        'root/lost+found/',
        'root/io.containerd.content.v1.content/',
        'state/s/',
        'state/fifo/x/f',
        'state/containerd.sock',
        'state/io.containerd.runtime.v2.task/default/',
      ],
      async (root, state) => {
        using held = await DaemonDirectories.take(root, state);
        assert.ok(held);
      },
    ),
  );
});

describe('directories of another daemon are refused as they are', () => {
  const cases: readonly (readonly [what: 'root' | 'state', file: string])[] = [
    ['root', 'io.containerd.metadata.v1.bolt/meta.db'],
    ['root', 'io.containerd.snapshotter.v1.overlayfs/metadata.db'],
    ['root', 'io.containerd.content.v1.content/blobs/sha256/abc'],
    ['root', 'io.containerd.grpc.v1.introspection/uuid'],
    ['state', 'io.containerd.runtime.v2.task/default/c1/config.json'],
  ];
  for (const [what, file] of cases) {
    test(
      `${what}/${file}`,
      withDirectories([`${what}/${file}`], async (root, state) => {
        const before = all(root);
        await assert.rejects(DaemonDirectories.take(root, state), (error: Error) => {
          assert.match(error.message, new RegExp(`^${what} ".*" holds the data of another daemon \\(${file}\\)`));
          assert.match(error.message, new RegExp(`set another ${what} .*in the configuration or by --${what}`));
          return true;
        });
        assert.deepEqual(all(root), before);
      }),
    );
  }
});
