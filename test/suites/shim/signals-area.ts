import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { jsonTypes, packJson } from '../../../api/any/json-types.ts';
import { unpackAny } from '../../../api/any/unpack-any.ts';
import { ProcessDetails } from '../../../api/gen/containerd/runc/v1/runc.ts';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { Metrics as MetricsV1 } from '../../../api/gen/io/containerd/cgroups/v1/metrics.ts';
import { Metrics as MetricsV2 } from '../../../api/gen/io/containerd/cgroups/v2/metrics.ts';
import { ProcessHandle } from '../../../pkg/sys/process-handle.ts';
import { FifoReader } from '../../lab/fifo-ends.ts';
import { ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { ociRuntime } from './oci-runtime.ts';
import { notFound, refused, wrongState } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** A file of the container's cgroup: the hybrid machine's or a pure v2 one's. */
function cgroupFile(container: ShimContainer, v1: string, v2: string): string {
  const { namespace } = container.lab;
  const [file] = globSync([
    `/sys/fs/cgroup/*/${namespace}/${container.id}/${v1}`,
    `/sys/fs/cgroup/${namespace}/${container.id}/${v2}`,
  ]);
  return readFileSync(file ?? assert.fail(`no cgroup of ${container.id}`), 'utf8').trim();
}

/** Kill, Pause, Resume, Pids, Update, Stats: what is done to processes and asked of them. */
export function signalsArea(shim: ShimUnderTest): void {
  describe('signals', () => {
    shimTest('reach the first process', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using output = new FifoReader(stdout);
      const script = 'trap "echo usr1" USR1; trap "exit 4" TERM; echo ready; while :; do sleep 1000 & wait $!; done';
      const container = await ShimContainer.run(lab, { args: ['/bin/sh', '-c', script] }, { stdout });
      await output.match(/ready/);
      await container.kill(10);
      await output.match(/usr1/);
      await container.kill(15);
      assert.equal(await container.wait(), 4);
      await container.end();
    });

    shimTest('reach an exec, and it alone', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execs = [await container.startExec({}), await container.startExec({})];
      const [first = '', second = ''] = execs;
      await container.kill(9, { execId: first });
      assert.equal(await container.wait(first), 137);
      assert.equal((await container.state(second)).status, Status.RUNNING);
      assert.equal((await container.state()).status, Status.RUNNING);
      await assert.rejects(container.kill(9, { execId: 'nobody' }), notFound());
      await container.kill(15, { execId: second });
      assert.equal(await container.wait(second), 143);
      for (const execId of execs) await container.delete(execId);
      await container.end();
    });

    shimTest('for all reach every process, and the container ends', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using output = new FifoReader(stdout);
      const args = ['/bin/sh', '-c', 'sleep 100000 & echo $!; wait'];
      const container = await ShimContainer.run(lab, { args, hostPid: true }, { stdout });
      const [, child = ''] = await output.match(/(\d+)\n/);
      using handle = new ProcessHandle(Number(child));
      await container.kill(9, { all: true });
      await handle.exited();
      assert.equal(await container.wait(), 137);
      await container.end();
    });

    shimTest('to what has ended find nobody, but for those that were to end it', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, { args: ['/bin/true'] });
      assert.equal(await container.wait(), 0);
      await assert.rejects(container.kill(10), notFound(/process already finished|no such process|not running/));
      await container.delete();
      await assert.rejects(container.kill(9), notFound());
      await container.end();
    });

    shimTest('that do not exist are refused', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      await assert.rejects(container.kill(1000), refused(/signal|invalid/, 'unknown', 'invalid-argument'));
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
    });

    shimTest('that end the first process end the execs, whose exits come first', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execs = await Promise.all(['a', 'b', 'c'].map(() => container.startExec({})));
      await container.kill();
      assert.equal(await container.wait(), 137);
      for (const execId of execs) assert.equal(await container.wait(execId), 137);
      await lab.events.first('exit', ({ id }) => id === container.id);
      const exits = lab.events.all('exit').map(({ id }) => id);
      assert.deepEqual([exits.toSorted(), exits.at(-1)], [[...execs, container.id].sort(), container.id]);
      for (const execId of execs) await container.delete(execId);
      await container.end();
    });
  });

  describe('pause', () => {
    shimTest('stops all and lets go on, and is told', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, id } = container;
      await assert.rejects(task.resume({ id }), wrongState(/cannot resume a running process/));
      await task.pause({ id });
      assert.equal((await container.state()).status, Status.PAUSED);
      await assert.rejects(task.pause({ id }), wrongState(/cannot pause a paused container/));
      await assert.rejects(container.startExec({ args: ['/bin/true'] }, {}, 'e1'), wrongState(/paused/));
      await assert.rejects(container.delete(), wrongState(/cannot delete a paused process/));
      await task.resume({ id });
      assert.equal((await container.state()).status, Status.RUNNING);
      assert.equal(await container.exec(['/bin/true']), 0);
      await lab.events.first('resumed', (event) => event.containerId === id);
      await container.end();
      const life = lab.events.life(id).filter((word) => word === 'paused' || word === 'resumed');
      assert.deepEqual(life, ['paused', 'resumed']);
    });

    shimTest('is no shelter from SIGKILL', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, id } = container;
      await task.pause({ id });
      await container.kill();
      // Some runtimes thaw it by themselves.
      await task.resume({ id }).catch(() => undefined);
      assert.equal(await container.wait(), 137);
      await container.end();
    });

    shimTest('of what does not run is refused', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.create(lab, { args: ['/bin/true'] });
      const { task, id } = container;
      await assert.rejects(task.pause({ id }), wrongState(/cannot pause task in created state/));
      await assert.rejects(task.resume({ id }), wrongState(/cannot resume task in created state/));
      await container.start();
      await container.wait();
      await assert.rejects(task.pause({ id }), wrongState(/cannot pause a stopped container/));
      await assert.rejects(task.resume({ id }), wrongState(/cannot resume a stopped container/));
      await container.end();
    });
  });

  describe('what can be known of a container', () => {
    shimTest('its processes, and which of them are execs', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execId = await container.startExec({});
      const { pid } = await container.state(execId);
      const { processes } = await container.task.pids({ id: container.id });
      assert.deepEqual(
        processes.map((process) => process.pid).sort((a, b) => a - b),
        [container.pid, pid].sort((a, b) => a - b),
      );
      const found = processes.find((process) => process.pid === pid);
      assert.equal(unpackAny(found?.info, 'containerd.runc.v1.ProcessDetails', ProcessDetails).execId, execId);
      assert.equal(processes.find((process) => process.pid === container.pid)?.info, undefined);
      await container.kill(9, { execId });
      await container.wait(execId);
      await container.delete(execId);
      await container.end();
    });

    shimTest('what it takes of the machine', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, {
        resources: { memory: { limit: 64 << 20 }, pids: { limit: 50 } },
      });
      const { stats } = await container.task.stats({ id: container.id });
      if (stats?.typeUrl === 'io.containerd.cgroups.v1.Metrics') {
        const { memory, pids, cpu } = MetricsV1.decode(stats.value);
        assert.ok((memory?.usage?.usage ?? 0n) > 0n);
        assert.equal(memory?.usage?.limit, 64n << 20n);
        // The runtime may not have given way yet.
        assert.ok((pids?.current ?? 0n) > 0n);
        assert.equal(pids?.limit, 50n);
        assert.ok((cpu?.usage?.total ?? 0n) > 0n);
      } else {
        assert.equal(stats?.typeUrl, 'io.containerd.cgroups.v2.Metrics');
        const { memory, pids, cpu } = MetricsV2.decode(stats.value);
        assert.ok((memory?.usage ?? 0n) > 0n);
        assert.equal(memory?.usageLimit, 64n << 20n);
        // The runtime may not have given way yet.
        assert.ok((pids?.current ?? 0n) > 0n);
        assert.equal(pids?.limit, 50n);
        assert.ok((cpu?.usageUsec ?? 0n) > 0n);
      }
      await container.end();
    });
  });

  describe('update', () => {
    const resources = (value: object) => packJson(jsonTypes.linuxResources, value);

    shimTest('changes the limits of a container that runs', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, { resources: { memory: { limit: 64 << 20 } } });
      const { task, id } = container;
      const change = { memory: { limit: 128 << 20 }, pids: { limit: 33 } };
      await task.update({ id, resources: resources(change), annotations: new Map() });
      assert.equal(cgroupFile(container, 'memory.limit_in_bytes', 'memory.max'), String(128 << 20));
      assert.equal(cgroupFile(container, 'pids.max', 'pids.max'), '33');
      await container.end();
    });

    shimTest('refuses what are no resources, and leaves the container alone', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, id } = container;
      const kinds = ['unknown', 'invalid-argument', 'internal', 'failed-precondition'] as const;
      for (const wrong of [
        { typeUrl: jsonTypes.linuxResources, value: new TextEncoder().encode('{"memory":') },
        ...(ociRuntime.checksResources ? [resources({ memory: { limit: 'much' } })] : []),
        { typeUrl: 'containerd.runc.v1.Options', value: new Uint8Array() },
      ]) {
        await assert.rejects(task.update({ id, resources: wrong, annotations: new Map() }), refused(/./, ...kinds));
      }
      assert.equal((await container.state()).status, Status.RUNNING);
      assert.ok(existsSync(`/proc/${container.pid}`));
      await container.kill();
      await container.wait();
      await assert.rejects(
        task.update({ id, resources: resources({ pids: { limit: 5 } }), annotations: new Map() }),
        wrongState(/cannot update a stopped container/),
      );
      await container.end();
    });
  });
}
