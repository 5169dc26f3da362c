import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { shimManagerConfig } from '../../../../services/tasks/config.ts';
import { findShimBinary, ownShim } from '../../../../services/tasks/shim-binary.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const runc = 'io.containerd.runc.v2';
const runcsOwn = 'containerd-shim-runc-v2';

/** Executable files below a directory. */
function install(directory: string, ...files: readonly string[]): void {
  for (const file of files) {
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '#!/bin/true');
    chmodSync(path, 0o755);
  }
}

/** A search through the folders `first` and `second`, and `daemon`, where the daemon is. */
const searchIn = (directory: string, runcShim: string): Parameters<typeof findShimBinary>[1] => ({
  path: ['first', 'relative', 'second'].map((name) => (name === 'relative' ? name : join(directory, name))).join(':'),
  executable: join(directory, 'daemon', 'gantry'),
  runcShim,
});

test('a runtime is found by its name, in PATH before the folder of the daemon', () => {
  using directory = new TemporaryDirectory();
  const search = searchIn(directory.path, runcsOwn);
  install(directory.path, `daemon/${runcsOwn}`);
  assert.equal(findShimBinary(runc, search), join(directory.path, 'daemon', runcsOwn));
  install(directory.path, `second/${runcsOwn}`);
  assert.equal(findShimBinary(runc, search), join(directory.path, 'second', runcsOwn));
});

test('the shim that comes with the daemon is the one beside it', () => {
  using directory = new TemporaryDirectory();
  const search = searchIn(directory.path, runcsOwn);
  install(directory.path, `first/${ownShim}`);
  assert.equal(findShimBinary('io.containerd.gantry.v2', search), join(directory.path, 'first', ownShim));
  install(directory.path, `daemon/${ownShim}`);
  assert.equal(findShimBinary('io.containerd.gantry.v2', search), join(directory.path, 'daemon', ownShim));
});

test('what serves runc is configured: by name, by path, and in its absence by its own shim', () => {
  using directory = new TemporaryDirectory();
  install(directory.path, `first/${runcsOwn}`, 'second/my-shim');
  const find = (runcShim: string): string => findShimBinary(runc, searchIn(directory.path, runcShim));
  assert.equal(find('my-shim'), join(directory.path, 'second/my-shim'));
  assert.equal(find(join(directory.path, 'second/my-shim')), join(directory.path, 'second/my-shim'));
  assert.throws(() => find(join(directory.path, 'third/my-shim')), /no executable file at .*third\/my-shim/);
  assert.throws(() => find('other-shim'), /binary not installed "other-shim"/);
  assert.equal(find(ownShim), join(directory.path, 'first', runcsOwn));
  install(directory.path, `daemon/${ownShim}`);
  assert.equal(find(ownShim), join(directory.path, 'daemon', ownShim));
});

test('the configured name must be one', () => {
  const parse = (value: unknown): string => shimManagerConfig.parse({ runc_shim: value }).runcShim;
  for (const good of ['my-shim', '/opt/shims/my shim']) assert.equal(parse(good), good);
  assert.equal(parse(''), parse(undefined));
  for (const bad of ['../shim', 'a b', 7, ['x']]) assert.throws(() => parse(bad), /runc_shim must be/);
});
