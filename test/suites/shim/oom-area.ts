import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { FifoReader, FifoWriter } from '../../lab/fifo-ends.ts';
import { ShimContainer, type Streams } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

const resources = { memory: { limit: 24 << 20 } };
const eat = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';

/** Runs a script that takes too much: at once; under a shim that watches only from the end of `Start` on, then. */
async function runEater(
  shim: ShimUnderTest,
  lab: ShimLab,
  script: string,
  streams: Streams = {},
): Promise<ShimContainer> {
  const args = ['/bin/sh', '-c'];
  if (shim.supports.exactOom) return ShimContainer.run(lab, { args: [...args, script], resources }, streams);
  const stdin = lab.fifo('in');
  const spec = { args: [...args, `read go; ${script}`], resources };
  const container = await ShimContainer.run(lab, spec, { stdout: '/dev/null', ...streams, stdin });
  using go = await FifoWriter.open(stdin);
  await go.write('\n');
  return container;
}

/** Containers that take more memory than they may. */
export function oomArea(shim: ShimUnderTest): void {
  describe('out of memory', () => {
    shimTest('a container that is killed for it is told of as that, and then as ended', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await runEater(shim, lab, eat);
      const { id } = container;
      assert.equal(await container.wait(), 137);
      await lab.events.first('oom', ({ containerId }) => containerId === id);
      await lab.events.first('exit', (event) => event.id === id);
      await container.end();
      const life = lab.events.life(id).filter((word) => word === 'oom' || word === 'exit');
      if (shim.supports.exactOom) assert.deepEqual(life, ['oom', 'exit']);
    });

    shimTest('a process that is killed for it is told of, and the container lives on', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using out = new FifoReader(stdout);
      const script = `/bin/sh -c '${eat}'; echo first $?; /bin/sh -c '${eat}'; echo second $?; sleep 100000`;
      const container = await runEater(shim, lab, script, { stdout });
      const { id } = container;
      await out.match(/first 137\n[^]*second 137\n/);
      await lab.events.until(() =>
        lab.events.all('oom').length >= (shim.supports.exactOom ? 2 : 1) ? true : undefined,
      );
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
      if (shim.supports.deliversLastEvents) await lab.events.first('delete', ({ containerId }) => containerId === id);
      if (shim.supports.exactOom) assert.deepEqual(lab.events.all('oom'), [{ containerId: id }, { containerId: id }]);
    });

    shimTest('an exec that is killed for it is told of by its container', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, { resources });
      assert.equal(await container.exec(['/bin/sh', '-c', eat]), 137);
      await lab.events.first('oom', ({ containerId }) => containerId === container.id);
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
    });

    shimTest('a container that is killed for something else is not told of', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab, { resources });
      const { id } = container;
      await container.kill();
      await lab.events.first('exit', ({ containerId }) => containerId === id);
      await container.end();
      if (shim.supports.deliversLastEvents) await lab.events.first('delete', ({ containerId }) => containerId === id);
      assert.deepEqual(lab.events.all('oom'), []);
    });
  });
}
