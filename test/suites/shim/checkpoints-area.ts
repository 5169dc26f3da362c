import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe } from 'node:test';
import { packAny } from '../../../api/any/pack-any.ts';
import { CheckpointOptions } from '../../../api/gen/containerd/runc/v1/runc.ts';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { peers } from '../../lab/peers.ts';
import { ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { refused } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

// By a rename: whoever looks finds a number at any time.
const counting = 'i=1; while :; do echo $i >/tmp/next; mv /tmp/next /tmp/count; i=$((i+1)); sleep 0.05; done';

function checkpointOptions(options: Partial<CheckpointOptions>) {
  return packAny('containerd.runc.v1.CheckpointOptions', CheckpointOptions, CheckpointOptions.fromPartial(options));
}

/** Checkpoint, and containers that are created from one. */
export function checkpointsArea(shim: ShimUnderTest): void {
  describe('checkpoints', () => {
    const open = () => ShimLab.open(shim, { path: [dirname(peers.criu())] });

    shimTest('are made of a container that goes on, or that ends with it, and are restored from', async () => {
      await using lab = await open();
      const spec = { args: ['/bin/sh', '-c', counting] };
      const container = await ShimContainer.run(lab, spec);
      const { task, id } = container;
      const path = join(lab.directory, 'images');
      await task.checkpoint({ id, path, options: undefined });
      assert.ok(readdirSync(path).some((name) => name.startsWith('pages-')));
      assert.equal((await container.state()).status, Status.RUNNING);
      const last = join(lab.directory, 'last');
      await task.checkpoint({ id, path: last, options: checkpointOptions({ exit: true }) });
      await container.wait();
      await container.end();

      const restored = await ShimContainer.create(lab, spec, { checkpoint: last });
      assert.deepEqual([(await restored.state()).status, restored.pid], [Status.CREATED, 0]);
      const pid = await restored.start();
      assert.ok(pid > 1);
      const { status, pid: known } = await restored.state();
      assert.deepEqual([status, known], [Status.RUNNING, pid]);
      assert.equal(await restored.exec(['/bin/sh', '-c', 'test -s /tmp/count']), 0);
      await restored.kill();
      assert.equal(await restored.wait(), 137);
      assert.equal(await restored.delete(), 137);
      await restored.end();
      // With cgroups of version 2 CRIU makes the first one's cgroup anew, and leaves it.
      const cgroup = join('/sys/fs/cgroup', lab.namespace, id);
      if (existsSync(cgroup)) rmdirSync(cgroup);
    });

    shimTest('that cannot be made or restored say why, and do no harm', async () => {
      await using lab = await open();
      const container = await ShimContainer.create(lab);
      const { task, id } = container;
      const path = join(lab.directory, 'none');
      await assert.rejects(
        task.checkpoint({ id, path, options: undefined }),
        refused(/cannot checkpoint a task in created state/, 'unknown', 'failed-precondition'),
      );
      await container.end();
      assert.equal(existsSync(path), false);
      const restored = await ShimContainer.create(lab, {}, { checkpoint: path });
      await assert.rejects(restored.start(), refused(/restore failed/, 'unknown', 'not-found', 'internal'));
      await restored.end();
    });
  });
}
