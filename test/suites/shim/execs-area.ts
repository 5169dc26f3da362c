import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { jsonTypes } from '../../../api/any/json-types.ts';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { FifoReader } from '../../lab/fifo-ends.ts';
import { ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { ociRuntime } from './oci-runtime.ts';
import { notFound, refused, wrongState } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** Exec, and all that is asked of a process by its exec id. */
export function execsArea(shim: ShimUnderTest): void {
  describe('execs', () => {
    shimTest('live a life of their own', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execId = await container.addExec({ args: ['/bin/sh', '-c', 'exit 5'] });
      const added = await container.state(execId);
      assert.deepEqual(
        [added.id, added.execId || execId, added.status, added.pid],
        [added.id, execId, Status.CREATED, 0],
      );
      const waiting = container.wait(execId);
      const pid = await container.start(execId);
      assert.ok(pid > 1 && pid !== container.pid);
      assert.equal(await waiting, 5);
      const ended = await container.state(execId);
      assert.deepEqual([ended.status, ended.exitStatus, ended.pid], [Status.STOPPED, 5, pid]);
      const deleted = await container.task.delete({ id: container.id, execId });
      assert.deepEqual([deleted.pid, deleted.exitStatus, deleted.exitedAt], [pid, 5, ended.exitedAt]);
      for (const call of [() => container.state(execId), () => container.wait(execId), () => container.delete(execId)])
        await assert.rejects(call, notFound());
      // The id is free again.
      await container.addExec({ args: ['/bin/true'] }, {}, execId);
      await container.delete(execId);
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
    });

    shimTest('get what their spec says', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdout, stderr] = [lab.fifo('out'), lab.fifo('err')];
      using output = new FifoReader(stdout);
      using _errors = new FifoReader(stderr);
      const container = await ShimContainer.run(lab);
      const spec = {
        args: ['/bin/sh', '-c', 'pwd; echo $COLOUR; /bin/busybox id -u; /bin/busybox id -g'],
        env: ['COLOUR=green'],
        cwd: '/tmp',
        user: { uid: 1000, gid: 1001 },
      };
      const execId = await container.startExec(spec, { stdout, stderr });
      assert.equal(await container.wait(execId), 0);
      await container.delete(execId);
      assert.equal((await output.all).toString(), '/tmp\ngreen\n1000\n1001\n');
      await container.end();
    });

    shimTest('that end at once are not missed, many at once', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      await Promise.all(
        Array.from({ length: 8 }, async (_, lane) => {
          for (let round = 0; round < 3; round++) {
            const status = lane * 3 + round;
            assert.equal(await container.exec(['/bin/sh', '-c', `exit ${status}`]), status);
          }
        }),
      );
      // Some lose what they have not told before they end.
      const ends = await lab.events.until(() => {
        const told = lab.events.all('exit');
        return told.length < 24 ? undefined : told;
      });
      await container.end();
      assert.deepEqual(
        ends.map(({ exitStatus }) => exitStatus).sort((a, b) => a - b),
        Array.from({ length: 24 }, (_, n) => n),
      );
    });

    shimTest('with a program that is not there fail to start, and can be deleted', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execId = await container.addExec({ args: ['/no/such/program'] });
      await assert.rejects(
        container.start(execId),
        refused(ociRuntime.noProgram.exec, 'unknown', 'not-found', 'invalid-argument'),
      );
      assert.notEqual((await container.state(execId)).status, Status.RUNNING);
      await container.delete(execId);
      await assert.rejects(container.state(execId), notFound());
      assert.equal(await container.exec(['/bin/true']), 0);
      await container.end();
    });

    shimTest('are refused with a spec that is none', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const add = (value: string, typeUrl: string = jsonTypes.process) =>
        container.task.exec({
          id: container.id,
          execId: 'wrong',
          terminal: false,
          stdin: '',
          stdout: '',
          stderr: '',
          spec: { typeUrl, value: new TextEncoder().encode(value) },
        });
      const kinds = ['unknown', 'invalid-argument', 'internal'] as const;
      await assert.rejects(add('{"args": ['), refused(/./, ...kinds));
      await assert.rejects(container.state('wrong'), notFound());
      assert.equal(await container.exec(['/bin/true']), 0);
      await container.end();
    });

    shimTest('have names that are taken once, start once and are not deleted while they run', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execId = await container.startExec({});
      await assert.rejects(container.addExec({}, {}, execId), refused(/already exists/, 'already-exists'));
      if (shim.supports.survivesSecondStart)
        await assert.rejects(container.start(execId), wrongState(/cannot start a running process/));
      await assert.rejects(container.delete(execId), wrongState(/cannot delete a running process/));
      await assert.rejects(container.start('nobody'), notFound());
      await container.kill(9, { execId });
      assert.equal(await container.wait(execId), 137);
      if (shim.supports.survivesSecondStart)
        await assert.rejects(container.start(execId), wrongState(/cannot start a stopped process/));
      await container.delete(execId);
      await container.end();
    });

    shimTest('are refused by a container that has ended, and die with it', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const execId = await container.startExec({});
      await container.kill();
      assert.equal(await container.wait(), 137);
      assert.equal(await container.wait(execId), 137);
      const late = container.startExec({ args: ['/bin/true'] }, {}, 'late');
      await assert.rejects(
        late,
        refused(/stopped|not running|ttrpc|container/, 'unknown', 'failed-precondition', 'not-found'),
      );
      await container.delete(execId);
      await container.end();
    });

    shimTest('are refused before the container runs', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.create(lab);
      const adding = container.startExec({ args: ['/bin/true'] });
      // Some runtimes do it all the same.
      await adding.catch(() => undefined);
      assert.equal((await container.state()).status, Status.CREATED);
      await container.start();
      await container.end();
    });
  });
}
