import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findCgroup } from '../../../../shim/cgroups/find-cgroup.ts';
import type { KernelFiles } from '../../../../shim/cgroups/kernel-files.ts';
import { Child } from '../../../lab/child.ts';
import { uniqueName } from '../../../lab/unique-name.ts';
import { nodeKernelFiles } from './node-kernel-files.ts';

const notFound = { kind: 'not-found' };

/** A machine on which process 7 is in `membership`, and the directories given list it. */
function machine(membership: string, mountinfo: string, directories: readonly string[]): KernelFiles {
  const files: Record<string, string> = { '/proc/7/cgroup': membership, '/proc/self/mountinfo': mountinfo };
  for (const directory of directories) files[`${directory}/cgroup.procs`] = '3\n7\n71\n';
  return { read: (path) => files[path] ?? null, list: () => [] };
}

test('finds the cgroups of a process on this machine, those that are its own', async () => {
  const name = uniqueName('locate');
  const directory = `/sys/fs/cgroup/memory/${name}`;
  mkdirSync(directory);
  const child = await Child.start('sleep', ['1000']);
  try {
    writeFileSync(`${directory}/cgroup.procs`, `${child.pid}`);
    const paths = findCgroup(child.pid, nodeKernelFiles);
    assert.ok(paths.version === 1);
    assert.equal(paths.directories['memory'], directory);
    assert.match(readFileSync(`${directory}/cgroup.procs`, 'utf8'), new RegExp(`^${child.pid}$`, 'm'));
    assert.deepEqual(
      Object.values(paths.directories).filter((path) => /^\/sys\/fs\/cgroup\/[^/]*\/*$/.test(path)),
      [],
    );
  } finally {
    child.kill('SIGKILL');
    await child.exited;
    rmdirSync(directory);
  }
  assert.throws(() => findCgroup(child.pid, nodeKernelFiles), notFound);
});

test('a machine with a version 2 tree alone, or with named hierarchies besides, is of version 2', () => {
  const directory = '/sys/fs/cgroup/user.slice/a:b';
  const files = machine('1:name=systemd:/user.slice\n0::/user.slice/a:b\n', '', [directory]);
  assert.deepEqual(findCgroup(7, files), { version: 2, directory });
});

test('a controller of version 1 that no container needs does not make a machine one of version 1', () => {
  const directory = '/sys/fs/cgroup/x';
  const files = machine('2:net_cls:/y\n0::/x\n', '', [directory, '/sys/fs/cgroup/net_cls/y']);
  assert.deepEqual(findCgroup(7, files), { version: 2, directory });
});

test('controllers that share a hierarchy, and hierarchies in unusual places, are found by their mounts', () => {
  const mounts = [
    '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw',
    String.raw`32 31 0:29 / /cg/cpu\040and\040acct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct`,
    '33 31 0:30 /docker/abc /cg/memory rw,relatime - cgroup cgroup rw,memory',
    '34 31 0:31 /docker/other /cg/pids rw,relatime - cgroup cgroup rw,pids',
  ].join('\n');
  const files = machine('4:cpu,cpuacct:/x\n3:memory:/docker/abc/x\n2:pids:/docker/abc/x\n0::/\n', mounts, [
    '/cg/cpu and acct/x',
    '/cg/memory/x',
  ]);
  assert.deepEqual(findCgroup(7, files), {
    version: 1,
    directories: { cpu: '/cg/cpu and acct/x', cpuacct: '/cg/cpu and acct/x', memory: '/cg/memory/x' },
  });
});

test('the root of a hierarchy, a cgroup outside of our namespace and one that was removed are nobody’s', () => {
  for (const path of ['/', '/../x', '/x (deleted)']) {
    const files = machine(`4:memory:${path}\n`, '', [`/sys/fs/cgroup/memory${path}`.replace(' (deleted)', '')]);
    assert.throws(() => findCgroup(7, files), notFound, path);
    const unified = machine(`0::${path}\n`, '', [`/sys/fs/cgroup${path}`.replace(' (deleted)', '')]);
    assert.throws(() => findCgroup(7, unified), notFound, path);
  }
});

test('a directory of that name in which the process is not is another hierarchy’s', () => {
  const mounts = '33 31 0:30 /x /cg/memory rw - cgroup cgroup rw,memory';
  const files = machine('4:memory:/x/y\n', mounts, ['/cg/memory/y']);
  assert.deepEqual(findCgroup(7, files), { version: 1, directories: { memory: '/cg/memory/y' } });
});
