import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TaskDelete, TaskExecAdded, TaskExit } from '../../api/gen/containerd/events/events.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { uniqueName } from '../lab/unique-name.ts';

/** What an event says, without what differs from run to run. */
function told({ topic, event }: Envelope): string {
  const bytes = event?.value ?? new Uint8Array();
  if (topic === '/tasks/exit') {
    const { id, containerId, exitStatus } = TaskExit.decode(bytes);
    return `${topic} of ${id === containerId ? 'the first process' : id} with ${exitStatus}`;
  }
  if (topic === '/tasks/delete') return `${topic} with ${TaskDelete.decode(bytes).exitStatus}`;
  if (topic.startsWith('/tasks/exec-')) return `${topic} of ${TaskExecAdded.decode(bytes).execId}`;
  return topic;
}

/** The events of a container's life with all that may happen in it, in their order. */
async function lifeOf(kind: DaemonOptions['kind']): Promise<string[]> {
  await using daemon = await DaemonUnderTest.start({ kind });
  await using calls = new DaemonCalls(daemon);
  const ctr = new Ctr(daemon);
  const id = uniqueName('c');
  const rootfs = busyboxRootfs(daemon.directory);
  const filters = ['topic~="^/tasks/"', 'topic~="^/containers/"', 'topic=="/ready"'];
  const events = calls.events.subscribe({ filters }, calls.options);
  // A subscriber is told nothing before its first event, so one is published until it comes.
  const first = events.next();
  do
    await calls.events.publish(
      { topic: '/ready', event: { typeUrl: 'google.protobuf.Empty', value: new Uint8Array() } },
      calls.options,
    );
  while (!(await Promise.race([first.then(() => true), setImmediate(false)])));
  const life: string[] = [];
  const recorded = (async () => {
    for await (const envelope of events) {
      if (envelope.topic !== '/ready') life.push(told(envelope));
      if (envelope.topic === '/containers/delete') return;
    }
  })();
  await ctr.ok(['run', '-d', '--rootfs', '--memory-limit', '20000000', rootfs, id, '/bin/sleep', '1000']);
  await ctr.run(['task', 'exec', '--exec-id', 'events-e1', id, '/bin/sh', '-c', 'exit 3']);
  await ctr.ok(['task', 'pause', id]);
  await ctr.ok(['task', 'resume', id]);
  await ctr.run(['task', 'exec', '--exec-id', 'events-e2', id, '/bin/sh', '-c', 'x=a; while :; do x=$x$x; done']);
  // Containerd's shim tells of it by and by, and not at all once the container is gone.
  while (!life.includes('/tasks/oom')) await setImmediate();
  await ctr.ok(['task', 'kill', '-s', 'SIGKILL', id]);
  await ctr.run(['task', 'rm', '-f', id]);
  await ctr.ok(['container', 'rm', id]);
  await recorded;
  return life;
}

test("the events of a task's life are containerd's, in containerd's order", async () => {
  const expected = await lifeOf('2.1.9');
  assert.ok(expected.includes('/tasks/oom') && expected.includes('/tasks/exit of events-e1 with 3'));
  const life = await lifeOf('gantry');
  // Containerd's shim tells of a kill for memory when it comes to it; ours before the end that it made.
  const withoutKills = (events: readonly string[]): readonly string[] =>
    events.filter((event) => event !== '/tasks/oom');
  // It may end before it has told of its task's deletion.
  const deleted = '/tasks/delete with 137';
  const whole = expected.at(-2) === deleted ? expected : expected.toSpliced(-1, 0, deleted);
  assert.deepEqual(withoutKills(life), withoutKills(whole));
  assert.equal(life.filter((event) => event === '/tasks/oom').length, 1);
  assert.ok(life.indexOf('/tasks/oom') < life.indexOf('/tasks/exit of events-e2 with 137'), life.join('\n'));
});
