import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, closeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectoryHandle } from '../../../../pkg/sys/directory-handle.ts';
import { peerCredentials } from '../../../../pkg/sys/peer-credentials.ts';
import { ProcessHandle } from '../../../../pkg/sys/process-handle.ts';
import { resourceLimit, resources, setResourceLimit } from '../../../../pkg/sys/resource-limit.ts';
import { spawnProcess } from '../../../../pkg/sys/spawn-process.ts';
import { syncDirectory } from '../../../../pkg/sys/sync-directory.ts';
import { syncFilesystem } from '../../../../pkg/sys/sync-filesystem.ts';

test('sync of a filesystem and of a directory', async () => {
  await syncFilesystem(tmpdir());
  await syncDirectory(tmpdir());
  await assert.rejects(syncFilesystem('/nowhere'), { code: 'ENOENT', syscall: 'open', path: '/nowhere' });
});

/** The descriptor of a socket that Node holds. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  assert.ok(typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number');
  return handle.fd;
}

test('the credentials of a peer', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-peer-'));
  const server = createServer();
  server.listen(join(directory, 's'));
  await once(server, 'listening');
  const client = connect(join(directory, 's'));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const expected = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
  assert.deepEqual(peerCredentials(descriptorOf(socket)), expected);
  client.destroy();
  socket.destroy();
  server.close();
  rmSync(directory, { recursive: true });
  using handle = new DirectoryHandle('/');
  assert.throws(() => peerCredentials(handle.fd), { code: 'EBADF' });
});

test('a handle of a process signals it and nobody after it', async () => {
  const child = spawnProcess({ file: '/bin/sleep', args: ['1000'], env: {} });
  using handle = new ProcessHandle(child.pid);
  handle.signal(9);
  assert.equal((await child.exited).signal, 9);
  assert.throws(() => handle.signal(9), { code: 'ESRCH' });
});

test('limits are read and set', () => {
  const before = resourceLimit(resources.core);
  setResourceLimit(resources.core, { soft: 0, hard: before.hard });
  assert.equal(resourceLimit(resources.core).soft, 0);
  setResourceLimit(resources.core, before);
  assert.deepEqual(resourceLimit(resources.core), before);
});

test('nothing leads out of a directory handle', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-handle-'));
  try {
    mkdirSync(join(directory, 'etc'));
    writeFileSync(join(directory, 'etc/hostname'), 'inside');
    symlinkSync('/etc', join(directory, 'absolute'));
    symlinkSync('../../../../etc', join(directory, 'upwards'));
    symlinkSync('/proc/self/root', join(directory, 'magic'));
    using handle = new DirectoryHandle(directory);
    for (const path of ['etc/hostname', '/etc/hostname', '../etc/hostname', 'absolute/hostname', 'upwards/hostname']) {
      const fd = handle.openBeneath(path);
      assert.equal(readFileSync(`/proc/self/fd/${fd}`, 'utf8'), 'inside');
      closeSync(fd);
    }
    assert.throws(() => handle.openBeneath('magic/etc/hostname'), { code: 'ENOENT' });
    assert.throws(() => handle.openBeneath('etc/hostname', true), { code: 'ENOTDIR' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
