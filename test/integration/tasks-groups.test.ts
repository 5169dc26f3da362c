import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dialShim } from '../../services/tasks/dial-shim.ts';
import { TaskClient } from '../../services/tasks/task-client.ts';
import { taskTimeouts } from '../../services/tasks/task-timeouts.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { peers } from '../lab/peers.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { uniqueName } from '../lab/unique-name.ts';

function addressOf(daemon: DaemonUnderTest, id: string): unknown {
  const bundle = join(daemon.state, 'io.containerd.runtime.v2.task', daemon.namespace, id);
  const { address } = JSON.parse(readFileSync(join(bundle, 'bootstrap.json'), 'utf8')) as { address?: unknown };
  return address;
}

const annotations = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'];

for (const shim of ['gantry', ...peers.versions] as const) {
  for (const annotation of annotations) {
    describe(`tasks of one group by ${annotation} in the shim of ${shim}`, () => {
      test('share a shim that lives as long as the last of them, across a crash of the daemon', async () => {
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
        const ctr = new Ctr(daemon);
        const rootfs = busyboxRootfs(daemon.directory);
        const [first, second, third] = [uniqueName('c'), uniqueName('c'), uniqueName('c')];
        const run = ['run', '-d', '--annotation', `${annotation}=${first}`, '--rootfs', rootfs];
        for (const id of [first, second]) await ctr.ok([...run, id, '/bin/sleep', '1000']);
        assert.equal(addressOf(daemon, second), addressOf(daemon, first));
        const pid = shimPid(first, daemon.address);
        await ctr.run(['task', 'rm', '-f', first]);
        await daemon.crashAndRestart();
        assert.match(await ctr.ok(['task', 'ls']), new RegExp(`^TASK.*\\n${second} +\\d+ +RUNNING`));
        assert.ok(existsSync(`/proc/${pid}`), 'the shim of the second task runs on');
        await ctr.ok([...run, third, '/bin/sleep', '1000']);
        assert.equal(addressOf(daemon, third), addressOf(daemon, second));
        // One that cannot be created takes nothing with it.
        await ctr.ok(['container', 'rm', first]);
        const failed = await ctr.run([...run, first, '/bin/nonesuch']);
        assert.match(failed.stderr, /failed to create shim task/);
        assert.equal(
          (await ctr.ok(['task', 'exec', '--exec-id', 'group-e', second, '/bin/echo', 'alive'])).trim(),
          'alive',
        );
        for (const id of [second, third]) await ctr.run(['task', 'rm', '-f', id]);
        for (const id of (await ctr.ok(['container', 'ls', '-q'])).split('\n').filter(Boolean)) {
          await ctr.ok(['container', 'rm', id]);
        }
        assert.deepEqual(await daemon.lasting(), []);
      });
    });
  }
}

/** Deletes a task in its shim behind the daemon's back, as a daemon that dies right after it. */
async function deleteInShim(daemon: DaemonUnderTest, id: string): Promise<void> {
  const address = { version: 3, address: String(addressOf(daemon, id)), protocol: 'ttrpc' };
  const { signal } = new AbortController();
  const channel = await dialShim(address, signal);
  const { namespace } = daemon;
  const shim = new TaskClient(channel, { namespace, id, version: 3, timeouts: taskTimeouts(new Map()) });
  await shim.call('kill', { id, execId: '', signal: 9, all: true });
  await shim.call('wait', { id, execId: '' });
  await shim.call('delete', { id, execId: '' });
  shim.close();
}

for (const shim of ['gantry', ...peers.versions] as const) {
  test(`a daemon that dies after a delete leaves the rest of the group alone, in the shim of ${shim}`, async () => {
    await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
    const ctr = new Ctr(daemon);
    const rootfs = busyboxRootfs(daemon.directory);
    const [first, second] = [uniqueName('c'), uniqueName('c')];
    const run = ['run', '-d', '--annotation', `io.containerd.runc.v2.group=${first}`, '--rootfs', rootfs];
    for (const id of [first, second]) await ctr.ok([...run, id, '/bin/sleep', '1000']);
    await daemon.kill();
    await deleteInShim(daemon, first);
    await daemon.start();
    assert.match(await ctr.ok(['task', 'ls']), new RegExp(`^TASK.*\\n${second} +\\d+ +RUNNING`));
    // Who takes the name waits until nothing is left of it.
    await ctr.ok(['task', 'start', '-d', first]);
    assert.equal((await ctr.ok(['task', 'ls'])).match(/RUNNING/g)?.length, 2);
    for (const id of [first, second]) {
      await ctr.run(['task', 'rm', '-f', id]);
      await ctr.ok(['container', 'rm', id]);
    }
    assert.deepEqual(await daemon.lasting(), []);
  });
}

// Those of ours are taken over by another.
for (const shim of peers.versions) {
  for (const annotation of annotations) {
    test(`tasks of one group by ${annotation} die with their shim of ${shim}, and each is told`, async () => {
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
      const ctr = new Ctr(daemon);
      const rootfs = busyboxRootfs(daemon.directory);
      const [first, second] = [uniqueName('c'), uniqueName('c')];
      const run = ['run', '-d', '--annotation', `${annotation}=${first}`, '--rootfs', rootfs];
      for (const id of [first, second]) await ctr.ok([...run, id, '/bin/sleep', '1000']);
      const waits = [first, second].map((id) => ctr.run(['task', 'attach', id]));
      await ctr.ok(['task', 'ls']);
      process.kill(shimPid(first, daemon.address), 'SIGKILL');
      await Promise.all(waits);
      for (const id of [first, second]) {
        await ctr.run(['task', 'rm', '-f', id]);
        await ctr.ok(['container', 'rm', id]);
      }
      assert.equal((await ctr.ok(['task', 'ls', '-q'])).trim(), '');
      assert.deepEqual(await daemon.lasting(), []);
    });
  }
}
