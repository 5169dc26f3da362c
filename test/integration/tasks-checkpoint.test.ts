import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { CreateTaskRequest } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';
import { images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { pathGone } from '../lab/path-gone.ts';
import { peers } from '../lab/peers.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { uniqueName } from '../lab/unique-name.ts';

const counting = 'i=1; while :; do echo $i >/count.new; mv /count.new /count; i=$((i+1)); sleep 0.1; done';
const checkpointType = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';

/** A daemon with CRIU at hand, and the image that containers are made of. */
async function start(kind: DaemonOptions['kind']): Promise<{ daemon: DaemonUnderTest; ctr: Ctr; image: string }> {
  const path = [peers.shim('2.1.9'), peers.runc(), peers.criu()].map((file) => dirname(file));
  const env = { PATH: [...path, process.env['PATH'] ?? ''].join(':') };
  const daemon = await DaemonUnderTest.start({ kind, shim: '2.1.9', env });
  using temporary = new TemporaryDirectory();
  await using registry = await Registry.start();
  const layout = new OciLayout(join(temporary.path, 'layout'));
  await images['lab/busybox:1'](layout);
  const image = await registry.push(layout, 'lab/busybox:1');
  const ctr = new Ctr(daemon);
  await ctr.ok(['image', 'pull', '--plain-http', image]);
  return { daemon, ctr, image };
}

async function remove(ctr: Ctr, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await ctr.run(['task', 'rm', '-f', id]);
    await ctr.ok(['container', 'rm', id]);
  }
}

for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`checkpoints of ${kind}`, () => {
    test('a container is checkpointed to an image and restored from it, with its memory and its files', async () => {
      const started = await start(kind);
      await using daemon = started.daemon;
      const { ctr, image } = started;
      const [original, restored] = [uniqueName('c'), uniqueName('c')];
      await ctr.ok(['run', '-d', image, original, '/bin/sh', '-c', counting]);
      await ctr.ok([
        'task',
        'exec',
        '--exec-id',
        'checkpoint-e1',
        original,
        '/bin/sh',
        '-c',
        'while [ ! -e /count ]; do sleep 0.1; done',
      ]);
      await ctr.ok(['container', 'checkpoint', '--rw', '--task', '--image', original, 'lab/checkpoint:1']);
      assert.match(await ctr.ok(['task', 'ls']), new RegExp(`${original} +\\d+ +RUNNING`));
      await ctr.ok(['container', 'restore', '--rw', '--live', restored, 'lab/checkpoint:1']);
      assert.match(await ctr.ok(['task', 'ls']), new RegExp(`${restored} +[1-9]\\d* +RUNNING`));
      assert.match(await ctr.ok(['task', 'exec', '--exec-id', 'checkpoint-e2', restored, 'cat', '/count']), /^\d+\n$/);
      await remove(ctr, original, restored);
      assert.deepEqual(await daemon.lasting(), []);
    });

    test('a task is checkpointed to a directory, and ends if it shall', async () => {
      const started = await start(kind);
      await using daemon = started.daemon;
      const { ctr, image } = started;
      const id = uniqueName('c');
      const directory = join(daemon.directory, 'images');
      await ctr.ok(['run', '-d', image, id, '/bin/sh', '-c', counting]);
      await ctr.ok(['task', 'checkpoint', '--exit', '--image-path', directory, id]);
      assert.ok(readdirSync(directory).some((name) => name.startsWith('pages-')));
      // Containerd's shim answers when CRIU is done, and hears of the end by and by.
      await using calls = new DaemonCalls(daemon);
      await calls.tasks.wait({ containerId: id, execId: '' }, calls.options);
      await ctr.ok(['task', 'rm', id]);
      await remove(ctr, id);
      assert.deepEqual(await daemon.lasting(), []);
    });
  });
}

test('a task that a checkpoint is to be restored to survives its daemon, and takes the images with it', async () => {
  const started = await start('gantry');
  await using daemon = started.daemon;
  const { ctr, image } = started;
  const id = uniqueName('c');
  await ctr.ok(['run', '-d', '--null-io', image, id, '/bin/sh', '-c', counting]);
  await using calls = new DaemonCalls(daemon);
  // Else nobody holds the checkpoint.
  await calls.leases.create({ id, labels: new Map() }, calls.options);
  const request = { containerId: id, parentCheckpoint: '', options: undefined };
  const { descriptors } = await calls.tasks.checkpoint(request, { ...calls.options, lease: id });
  assert.deepEqual(
    descriptors.map(({ mediaType }) => mediaType),
    [checkpointType, 'application/vnd.containerd.container.checkpoint.config.v1+proto'],
  );
  const [checkpoint] = descriptors;
  const { snapshotKey, snapshotter } = (await calls.containers.get({ id }, calls.options)).container ?? assert.fail();
  await ctr.run(['task', 'rm', '-f', id]);
  const { mounts } = await calls.snapshots.mounts({ snapshotter, key: snapshotKey }, calls.options);
  const create = { containerId: id, rootfs: mounts };
  const other = { ...(checkpoint ?? assert.fail()), mediaType: 'text/plain' };
  await assert.rejects(
    calls.tasks.create(CreateTaskRequest.fromPartial({ ...create, checkpoint: other }), calls.options),
    /unsupported checkpoint type "text\/plain": invalid argument/,
  );
  const fields = CreateTaskRequest.fromPartial({ ...create, checkpoint });
  const created = await calls.tasks.create(fields, calls.options);
  assert.equal(created.pid, 0);
  await daemon.crashAndRestart();
  const { pid } = await calls.tasks.start({ containerId: id, execId: '' }, calls.options);
  const { process: found } = await calls.tasks.get({ containerId: id, execId: '' }, calls.options);
  assert.deepEqual([found?.status, found?.pid], [Status.RUNNING, pid]);
  await remove(ctr, id);
  const work = join(daemon.root, 'io.containerd.runtime.v2.task', daemon.namespace, id);
  // The task's deletion is answered before.
  await pathGone(work);
  assert.equal(existsSync(join(daemon.root, 'io.containerd.service.v1.tasks-service')), false);
  assert.deepEqual(await daemon.lasting(), []);
});
