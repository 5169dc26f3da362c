import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { copyTree } from '../../../../pkg/sys/copy-tree.ts';
import { DirectoryHandle } from '../../../../pkg/sys/directory-handle.ts';
import { native } from '../../../../pkg/sys/native.ts';
import { removeTree } from '../../../../pkg/sys/remove-tree.ts';
import { treeUsage } from '../../../../pkg/sys/tree-usage.ts';

function temporary() {
  const path = mkdtempSync(join(tmpdir(), 'gantry-tree-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const sh = (script: string, cwd: string): string => execFileSync('/bin/sh', ['-ec', script], { cwd, encoding: 'utf8' });

const xattrs = [
  ['file', 'user.a', '1'],
  ['sub', 'trusted.overlay.opaque', 'y'],
  ['sub/soft', 'trusted.l', 'z'],
  ['random', 'security.capability', '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0'],
] as const;

function setXattrs(path: string): void {
  using directory = new DirectoryHandle(path);
  for (const [name, attribute, value] of xattrs) {
    native.setXattrAt(directory.fd, name, attribute, Buffer.from(value, 'latin1'));
  }
}

function checkXattrs(path: string): void {
  using directory = new DirectoryHandle(path);
  for (const [name, attribute, value] of xattrs) {
    assert.equal(native.getXattrAt(directory.fd, name, attribute)?.toString('latin1'), value, name);
  }
}

/** A tree with everything that a layer may hold. */
const everything = `
  mkdir -m 1777 tree; cd tree; mkdir -m 2750 sub; chown 11:12 sub
  printf text > file; chmod 4755 file; chown 7:8 file; chmod 4755 file; ln file sub/hard; ln -s ../nowhere sub/soft; chown -h 3:4 sub/soft
  mkfifo -m 640 fifo; mknod -m 600 char c 1 3; mknod block b 7 200; mknod whiteout c 0 0
  truncate -s 5M sparse; printf x | dd of=sparse bs=1 seek=3000000 conv=notrunc status=none
  head -c 700000 /dev/urandom > random; printf odd > "$(printf 'latin\\351')"
  touch -h -d 2001-02-03T04:05:06.123456789Z file random sub/soft fifo; touch -d 1999-01-01 sub .`;
const describe = `find . -printf '%P %y %m %U %G %T@ %n %l %s\\n' | sort; find . -type f ! -name 'x' -exec sha256sum {} + | sort;
  find . -type c -o -type b | sort | xargs stat -c '%n %t %T'`;

it('copies a tree with all that is in it', async () => {
  using directory = temporary();
  const { path } = directory;
  sh(everything, path);
  setXattrs(join(path, 'tree'));
  mkdirSync(join(path, 'copy'));
  await copyTree(join(path, 'tree'), join(path, 'copy'));
  assert.equal(sh(describe, join(path, 'copy')), sh(describe, join(path, 'tree')));
  checkXattrs(join(path, 'copy'));
  assert.equal(statSync(join(path, 'copy/file')).ino, statSync(join(path, 'copy/sub/hard')).ino);
  assert.ok(statSync(join(path, 'copy/sparse')).blocks < 1000);
  await assert.rejects(copyTree(join(path, 'tree'), join(path, 'copy')), { code: 'EEXIST' });
  await assert.rejects(copyTree(join(path, 'absent'), join(path, 'copy')), { code: 'ENOENT' });
});

it('counts as du does', async () => {
  using directory = temporary();
  sh(everything, directory.path);
  const usage = await treeUsage(join(directory.path, 'tree'));
  const [blocks] = sh('du -s -B1 tree', directory.path).split('\t');
  const [inodes] = sh('du -s --inodes tree', directory.path).split('\t');
  assert.deepEqual(usage, { size: Number(blocks), inodes: Number(inodes) });
  await assert.rejects(treeUsage(join(directory.path, 'absent')), { code: 'ENOENT' });
});

it('removes a tree, following nothing', async () => {
  using directory = temporary();
  const { path } = directory;
  sh(everything, path);
  mkdirSync(join(path, 'outside'));
  writeFileSync(join(path, 'outside/kept'), 'kept');
  sh('ln -s ../outside tree/link; ln -s outside top', path);
  await removeTree(join(path, 'tree'));
  await removeTree(join(path, 'tree'));
  await removeTree(join(path, 'top'));
  assert.deepEqual(readdirSync(path), ['outside']);
  assert.equal(readFileSync(join(path, 'outside/kept'), 'utf8'), 'kept');
});

it('removes a tree that is deeper than a path can be', async () => {
  using directory = temporary();
  const levels = 'deep/'.repeat(600);
  mkdirSync(join(directory.path, 'deep', levels), { recursive: true });
  mkdirSync(join(directory.path, 'more', levels), { recursive: true });
  writeFileSync(join(directory.path, 'more', levels, 'file'), 'at the bottom');
  renameSync(join(directory.path, 'more'), join(directory.path, 'deep', levels, 'more'));
  const usage = await treeUsage(join(directory.path, 'deep'));
  assert.ok(usage.inodes > 1000);
  await removeTree(join(directory.path, 'deep'));
  assert.ok(!existsSync(join(directory.path, 'deep')));
});
