import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { fileMatches } from '../lab/file-matches.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { uniqueName } from '../lab/unique-name.ts';

test('shims get the environment that is configured', async () => {
  const config = `
[plugins."io.containerd.shim.v1.manager"]
env = ["LAB_SETTING=a=b"]
`;
  await using daemon = await DaemonUnderTest.start({ kind: 'gantry', config });
  const ctr = new Ctr(daemon);
  const id = uniqueName('c');
  await ctr.ok(['run', '-d', '--rootfs', busyboxRootfs(daemon.directory), id, '/bin/sleep', '1000']);
  const environment = readFileSync(`/proc/${shimPid(id, daemon.address)}/environ`, 'utf8').split('\0');
  for (const setting of ['LAB_SETTING=a=b', `GRPC_ADDRESS=${daemon.address}`, 'MAX_SHIM_VERSION=2']) {
    assert.ok(environment.includes(setting), setting);
  }
  await ctr.run(['task', 'rm', '-f', id]);
  await ctr.ok(['container', 'rm', id]);
  assert.deepEqual(await daemon.lasting(), []);
});

test('options of runc reach it: its binary, its root, logs to files, pid files', async () => {
  await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
  using directory = new TemporaryDirectory();
  const ctr = new Ctr(daemon);
  const [id, other] = [uniqueName('c'), uniqueName('c')];
  const rootfs = busyboxRootfs(daemon.directory);
  const [root, pidFile, log] = ['runc', 'pid', 'log'].map((name) => join(directory.path, name));
  const run = ['run', '-d', '--rootfs', '--runc-root', `${root}`, '--pid-file', `${pidFile}`];
  await ctr.ok([...run, '--log-uri', `file://${log}`, rootfs, id, '/bin/sh', '-c', 'echo to the file; sleep 1000']);
  assert.deepEqual(readdirSync(join(`${root}`, daemon.namespace)), [id]);
  assert.match(await ctr.ok(['task', 'ls']), new RegExp(`${id} +${readFileSync(`${pidFile}`, 'utf8')} +RUNNING`));
  assert.equal(await fileMatches(`${log}`, /\n/), 'to the file\n');
  await ctr.run(['task', 'rm', '-f', id]);
  await ctr.ok(['container', 'rm', id]);
  const missing = await ctr.run([
    'run',
    '--rm',
    '--rootfs',
    '--runc-binary',
    '/nonesuch/runc',
    rootfs,
    other,
    '/bin/true',
  ]);
  assert.match(missing.stderr, /failed to create shim task: .*\/nonesuch\/runc: no such file or directory/);
  const nowhere = ['run', '--rm', '--rootfs', '--runtime', 'io.containerd.nonesuch.v2', rootfs, other, '/bin/true'];
  assert.match((await ctr.run(nowhere)).stderr, /binary not installed "containerd-shim-nonesuch-v2".*: not found/);
  assert.deepEqual(await daemon.lasting(), []);
});
