import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe } from 'node:test';
import { FifoReader } from '../../lab/fifo-ends.ts';
import { createRequest, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { childrenOf, descriptorKinds, keptKinds } from '../../lab/shim-traces.ts';
import { uniqueName } from '../../lab/unique-name.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** Once everything there is: members of a group, with all forms of streams, right and wrong. */
async function everything(lab: ShimLab, keeper: ShimContainer, annotations: Record<string, string>): Promise<void> {
  const name = uniqueName('f');
  const [stdin, stdout, stderr] = [lab.fifo(`${name}-in`), lab.fifo(`${name}-out`), lab.fifo(`${name}-err`)];
  using out = new FifoReader(stdout);
  using err = new FifoReader(stderr);
  const { task } = keeper;
  const spec = { annotations, args: ['/bin/sh', '-c', 'echo out; echo err >&2'] };
  const member = await ShimContainer.run(lab, spec, { stdin, stdout, stderr });
  assert.equal(await member.wait(), 0);
  await member.delete();
  assert.equal((await out.all).toString(), 'out\n');
  assert.equal((await err.all).toString(), 'err\n');
  member.shim[Symbol.dispose]();

  using screen = new FifoReader(stdout);
  const execId = await keeper.startExec({ args: ['/bin/echo', 'seen'], terminal: true }, { stdin, stdout });
  assert.equal(await keeper.wait(execId), 0);
  await keeper.delete(execId);
  assert.equal((await screen.all).toString(), 'seen\r\n');

  const file = `file://${lab.directory}/log`;
  assert.equal(await keeper.exec(['/bin/echo', 'logged'], { stdout: file, stderr: file }), 0);
  const failing = await keeper.addExec({ args: ['/no/such/program'] });
  await assert.rejects(keeper.start(failing));
  await keeper.delete(failing);
  const wrong = lab.bundle({ annotations, args: ['/no/such/program'] });
  (await lab.start(wrong))[Symbol.dispose]();
  await assert.rejects(task.create(createRequest(lab, wrong, {}, {})));
  await assert.rejects(task.create(createRequest(lab, wrong, {}, { stdout: 'nonsense://x' })));
  await task.stats({ id: keeper.id });
  await task.pids({ id: keeper.id });
}

/** What a shim that has worked keeps of it. */
export function leaksArea(shim: ShimUnderTest): void {
  describe('leaks', () => {
    shimTest('neither descriptors nor processes are kept of what is over', async () => {
      await using lab = await ShimLab.open(shim);
      const group = uniqueName('g');
      lab.track(group);
      const annotations = { 'io.containerd.runc.v2.group': group };
      const keeper = await ShimContainer.run(lab, { annotations });
      const pid = await keeper.shim.pid();
      // The first time opens what is kept for good.
      await everything(lab, keeper, annotations);
      const before = descriptorKinds(pid);
      for (let round = 0; round < 4; round++) await everything(lab, keeper, annotations);
      if (shim.supports.keepsNoDescriptors) assert.deepEqual(await keptKinds(pid, before, () => keeper.shim.pid()), []);
      assert.deepEqual(
        childrenOf(pid).map((child) => child.pid),
        [keeper.pid],
      );
      await keeper.end();
      if (!shim.supports.removesSocketOfGroup) rmSync(keeper.shim.path, { force: true });
    });
  });
}
