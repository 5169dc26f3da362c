import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TaskOOM } from '../../api/gen/containerd/events/events.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import type { Child } from '../lab/child.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { busyboxEntries } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { pathGone } from '../lab/path-gone.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { uniqueName } from '../lab/unique-name.ts';

const image = 'docker.io/lab/restarted:1';
// The table's name before version 3: both read it.
const config = '[plugins."io.containerd.internal.v1.restart"]\ninterval = "300ms"\n';

/** Publishes events until a client prints one: whether its subscription stands cannot be asked. */
async function untilSubscribed({ events, options }: DaemonCalls, client: Child): Promise<void> {
  const value = TaskOOM.encode({ containerId: 'ready' }).finish();
  const heard = client.output(/\/tasks\/oom.*ready/);
  let stands = false;
  void heard.then(() => (stands = true));
  while (!stands)
    await events.publish({ topic: '/tasks/oom', event: { typeUrl: 'containerd.events.TaskOOM', value } }, options);
}

/** What became of containers that ask to be kept in a state, as one daemon keeps them. */
async function kept(kind: DaemonUnderTest['kind'], archive: string): Promise<unknown> {
  await using daemon = await DaemonUnderTest.start({ kind, config });
  const ctr = new Ctr(daemon);
  const rootfs = busyboxRootfs(daemon.directory);
  await ctr.ok(['image', 'import', archive]);
  const events = await ctr.start(['events', 'topic~=|^/tasks/|']);
  await using calls = new DaemonCalls(daemon);
  await untilSubscribed(calls, events);
  const names = Object.fromEntries(
    ['always', 'failing', 'stopped', 'no', 'unless', 'odd'].map((n) => [n, uniqueName(n)]),
  );
  const id = (name: string): string => names[name] ?? '';
  const run = async (name: string, labels: Record<string, string>, command: readonly string[]): Promise<void> => {
    const flags = Object.entries(labels).flatMap(([key, value]) => [
      '--label',
      `containerd.io/restart.${key}=${value}`,
    ]);
    // One has a snapshot, which the monitor asks for again.
    const from = name === 'always' ? [image] : ['--rootfs', rootfs];
    await ctr.ok(['run', '-d', ...flags, ...from, id(name), ...command]);
    // Only now: a container that asks for it while its task is being made is started by the monitor.
    if (name !== 'stopped') await ctr.ok(['container', 'label', id(name), 'containerd.io/restart.status=running']);
  };
  const sleep = ['/bin/sleep', '1000'];
  const log = join(daemon.directory, 'log');
  await run('always', {}, sleep);
  await events.output(new RegExp(`/tasks/start.*${id('always')}`));
  await run('no', { policy: 'no' }, sleep);
  await run('unless', { policy: 'unless-stopped', 'explicitly-stopped': 'true' }, sleep);
  await run('odd', { policy: 'sometimes' }, sleep);
  await run('stopped', {}, sleep);
  for (const name of ['no', 'unless', 'odd']) await ctr.ok(['task', 'kill', '-s', 'SIGKILL', id(name)]);
  const failing = { policy: 'on-failure:2', loguri: `file://${log}` };
  await run('failing', failing, ['/bin/sh', '-c', 'echo again; exit 3']);
  const starts = (name: string, times: number): RegExp =>
    new RegExp(Array.from({ length: times }, () => `/tasks/start[^\\n]*${id(name)}`).join('[^]*'));
  await events.output(starts('failing', 3));
  await ctr.ok(['container', 'label', id('stopped'), 'containerd.io/restart.status=stopped']);
  // containerd's shim may end before it has told of the deletion; the bundle goes last.
  await pathGone(join(daemon.state, 'io.containerd.runtime.v2.task', daemon.namespace, id('stopped')));
  // Twice: by then the monitor has looked at the others again.
  for (const times of [2, 3]) {
    await ctr.ok(['task', 'kill', '-s', 'SIGKILL', id('always')]);
    await events.output(starts('always', times));
  }
  const tasks = await ctr.ok(['task', 'ls']);
  const results: Record<string, unknown> = { log: readFileSync(log, 'utf8') };
  for (const [name, container] of Object.entries(names)) {
    const info: unknown = JSON.parse(await ctr.ok(['container', 'info', container]));
    assert.ok(typeof info === 'object' && info !== null && 'Labels' in info);
    const state = new RegExp(`${container} +\\d+ +(\\w+)`).exec(tasks)?.[1];
    results[name] = { state, labels: info.Labels };
  }
  await ctr.run(['container', 'label', id('always'), 'containerd.io/restart.status=']);
  for (const container of Object.values(names)) await ctr.run(['task', 'rm', '-f', container]);
  events.kill('SIGTERM');
  await events.exited;
  return JSON.parse(JSON.stringify(results).replaceAll(daemon.directory, 'DIR'));
}

test('containers that ask for it are kept running, or stopped, as containerd keeps them', async () => {
  using directory = new TemporaryDirectory();
  const archive = join(directory.path, 'image.tar');
  const layout = new OciLayout(join(directory.path, 'layout'));
  layout.addImage(image, [await layout.addLayer(busyboxEntries())]);
  await layout.archive(archive);
  const theirs = await kept('2.1.9', archive);
  const ours = await kept('gantry', archive);
  assert.deepEqual(ours, theirs);
  assert.match(JSON.stringify(ours), /"restart.count":"2"|restart.count":"2"/);
});
