import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe } from 'node:test';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { computedSocket, defaultSocketDirectory } from '../../../services/tasks/shim-address.ts';
import { endShim, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { uniqueName } from '../../lab/unique-name.ts';
import { notFound } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** Containers that share a shim. */
export function groupsArea(shim: ShimUnderTest): void {
  for (const annotation of ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id']) {
    describe(`a group by ${annotation}`, () => {
      shimTest('has one shim, at the address of the group, until the last has gone', async () => {
        await using lab = await ShimLab.open(shim);
        const group = uniqueName('g');
        lab.track(group);
        const spec = { annotations: { [annotation]: group } };
        const first = await ShimContainer.run(lab, spec);
        const second = await ShimContainer.run(lab, spec);
        const path = computedSocket(defaultSocketDirectory, lab.address, lab.namespace, group);
        assert.deepEqual([first.shim.path, second.shim.path], [path, path]);
        const pid = await first.shim.pid();
        assert.equal(await second.shim.pid(), pid);
        // Over either connection, both can be asked for.
        assert.equal((await first.task.state({ id: second.id, execId: '' })).pid, second.pid);
        assert.equal(await first.exec(['/bin/true']), 0);
        await first.kill();
        assert.equal(await first.wait(), 137);
        await first.delete();
        await first.task.shutdown({ id: first.id, now: false });
        first.shim[Symbol.dispose]();
        assert.equal((await second.state()).status, Status.RUNNING);
        await assert.rejects(second.task.state({ id: first.id, execId: '' }), notFound());
        const third = await ShimContainer.run(lab, spec);
        assert.equal(await third.shim.pid(), pid);
        assert.equal(await third.exec(['/bin/true']), 0);
        third.shim[Symbol.dispose]();
        for (const { id } of [second, third]) {
          await second.task.kill({ id, execId: '', signal: 9, all: false });
          assert.equal((await second.task.wait({ id, execId: '' })).exitStatus, 137);
          await second.task.delete({ id, execId: '' });
        }
        await endShim(second.shim, second.id);
        if (!shim.supports.removesSocketOfGroup) rmSync(second.shim.path, { force: true });
        assert.deepEqual(lab.leftovers(), []);
      });

      shimTest('keeps the exits of its members apart', async () => {
        await using lab = await ShimLab.open(shim);
        const group = uniqueName('g');
        lab.track(group);
        const annotations = { [annotation]: group };
        const keeper = await ShimContainer.run(lab, { annotations });
        await Promise.all(
          Array.from({ length: 4 }, async (_, lane) => {
            for (let round = 0; round < 3; round++) {
              const status = 10 * lane + round;
              const args = ['/bin/sh', '-c', `exit ${status}`];
              const member = await ShimContainer.run(lab, { annotations, args });
              assert.equal(await member.wait(), status);
              assert.equal(await member.delete(), status);
              await member.task.shutdown({ id: member.id, now: false });
              member.shim[Symbol.dispose]();
            }
          }),
        );
        await keeper.end();
        if (!shim.supports.removesSocketOfGroup) rmSync(keeper.shim.path, { force: true });
      });
    });
  }
}
