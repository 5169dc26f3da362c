import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { TaskExit } from '../../api/gen/containerd/events/events.ts';
import { EventsDefinition } from '../../api/gen/containerd/services/events/v1/events.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { peers } from '../lab/peers.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { uniqueName } from '../lab/unique-name.ts';
import { untilHeard } from '../lab/until-heard.ts';

function envelope(result: IteratorResult<Envelope>): Envelope {
  assert.ok(result.done !== true, 'the stream of events ended');
  return result.value;
}

/** A subscription that stands, and its first event. */
async function subscribe(
  daemon: DaemonUnderTest,
  filters: string[],
): Promise<[AsyncIterableIterator<Envelope>, Promise<IteratorResult<Envelope>>]> {
  const client = new GrpcClient(() => connect(daemon.address));
  const subscribed = Promise.withResolvers<void>();
  const events = rpcClient(client, EventsDefinition).subscribe({ filters }, { onHeaders: subscribed.resolve });
  const first = events.next();
  await subscribed.promise;
  return [events, first];
}

/** The shims that a daemon of ours works with, ours first. */
const shims = ['gantry', '2.1.9', '1.7.24', '1.6.20'] as const;

for (const shim of shims) {
  describe(`tasks in the shim of ${shim}`, () => {
    test('run, exec, ps, metrics, pause, and a daemon that is killed in the middle', async () => {
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
      const ctr = new Ctr(daemon);
      const rootfs = busyboxRootfs(daemon.directory);
      const id = uniqueName('c');
      assert.equal(
        await ctr.hear(['run', '--rm', '--rootfs', rootfs, id, '/bin/sh', '-c', untilHeard('echo hello')]),
        'hello\n',
      );
      assert.equal((await ctr.run(['run', '--rm', '--rootfs', rootfs, id, '/bin/sh', '-c', 'exit 7'])).code, 7);
      await ctr.ok(['run', '-d', '--rootfs', rootfs, id, '/bin/sleep', '1000']);
      assert.equal(
        await ctr.hear(['task', 'exec', '--exec-id', 'tasks-e1', id, '/bin/sh', '-c', untilHeard('echo from exec')]),
        'from exec\n',
      );
      assert.match(await ctr.ok(['task', 'metrics', id]), /memory/);
      await ctr.ok(['task', 'pause', id]);
      assert.match(await ctr.ok(['task', 'ls']), new RegExp(`${id} +\\d+ +PAUSED`));
      await daemon.crashAndRestart();
      assert.match(await ctr.ok(['task', 'ls']), new RegExp(`${id} +\\d+ +PAUSED`));
      await ctr.ok(['task', 'resume', id]);
      assert.match(await ctr.ok(['task', 'ps', id]), /^PID +INFO\n\d+/);
      assert.equal((await ctr.run(['task', 'exec', '--exec-id', 'tasks-e2', id, '/bin/sh', '-c', 'exit 3'])).code, 3);
      const running = await ctr.run(['task', 'rm', id]);
      assert.notEqual(running.code, 0);
      await ctr.ok(['task', 'kill', '-s', 'SIGKILL', id]);
      // By force, as it waits for the end.
      assert.match((await ctr.run(['task', 'rm', '-f', id])).stderr, /exit code 137/);
      await ctr.ok(['container', 'rm', id]);
      assert.deepEqual(await daemon.lasting(), []);
    });

    test('a daemon that is killed among creates leaves each task wholly there or wholly absent', async () => {
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
      const ctr = new Ctr(daemon);
      const rootfs = busyboxRootfs(daemon.directory);
      const ids = Array.from({ length: 8 }, () => uniqueName('c'));
      const [, first] = await subscribe(daemon, ['topic=="/tasks/create"']);
      const runs = ids.map((id) => ctr.run(['run', '-d', '--rootfs', rootfs, id, '/bin/sleep', '1000']));
      await first;
      await daemon.kill();
      await Promise.all(runs);
      await daemon.start();
      const listed = (await ctr.ok(['task', 'ls', '-q'])).split('\n').filter((id) => id !== '');
      for (const id of listed) await ctr.run(['task', 'rm', '-f', id]);
      for (const id of (await ctr.ok(['container', 'ls', '-q'])).split('\n')) {
        // The name is free, or becomes so when the remains of the create are gone.
        if (id === '') continue;
        await ctr.ok(['task', 'start', '-d', id]);
        await ctr.run(['task', 'rm', '-f', id]);
        await ctr.ok(['container', 'rm', id]);
      }
      assert.equal((await ctr.ok(['task', 'ls', '-q'])).trim(), '');
      assert.deepEqual(await daemon.lasting(), []);
    });
  });
}

// Ours is followed by another.
for (const shim of peers.versions) {
  test(`a shim of ${shim} that is killed takes its container with it, and both ends are told`, async () => {
    await using daemon = await DaemonUnderTest.start({ kind: 'gantry', shim });
    const ctr = new Ctr(daemon);
    const id = uniqueName('c');
    await ctr.ok(['run', '-d', '--rootfs', busyboxRootfs(daemon.directory), id, '/bin/sleep', '1000']);
    const [events, first] = await subscribe(daemon, ['topic=="/tasks/exit"', 'topic=="/tasks/delete"']);
    process.kill(shimPid(id, daemon.address), 'SIGKILL');
    const exit = envelope(await first);
    assert.equal(exit.topic, '/tasks/exit');
    assert.equal(TaskExit.decode(exit.event?.value ?? new Uint8Array()).exitStatus, 137);
    assert.equal(envelope(await events.next()).topic, '/tasks/delete');
    assert.equal((await ctr.ok(['task', 'ls', '-q'])).trim(), '');
    await ctr.ok(['container', 'rm', id]);
    assert.deepEqual(await daemon.lasting(), []);
  });
}
