import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { Status } from '../../../api/gen/containerd/v1/types/types.ts';
import { FifoReader, FifoWriter } from '../../lab/fifo-ends.ts';
import { endShim, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

const shell = { args: ['/bin/sh'], terminal: true };
const prompt = /# (?:\u001B\[6n)?$/;

/** Processes with a terminal of their own. */
export function terminalsArea(shim: ShimUnderTest): void {
  describe('terminals', () => {
    shimTest('are typed at, resized, and end with their process', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      using out = new FifoReader(stdout);
      const container = await ShimContainer.create(lab, shell, { stdin, stdout });
      const { task, id } = container;
      assert.equal((await container.state()).terminal, true);
      await container.start();
      using input = await FifoWriter.open(stdin);
      await out.match(prompt);
      await input.write('/bin/busybox tty; test -t 0 -a -t 1 -a -t 2 && echo "<"all">"\r');
      await out.match(/\/dev\/pts\/0\r\n<all>\r\n/);
      await task.resizePty({ id, execId: '', width: 123, height: 45 });
      await input.write('/bin/busybox stty size; echo wrong >&2\r');
      await out.match(/45 123\r\nwrong\r\n/);
      await input.write('exit 6\r');
      assert.equal(await container.wait(), 6);
      await container.delete();
      assert.match((await out.all).toString(), /exit 6\r\n$/);
      await endShim(container.shim, id);
    });

    shimTest('of execs are their own', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, id } = container;
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      using out = new FifoReader(stdout);
      const execId = await container.startExec(shell, { stdin, stdout });
      assert.equal((await container.state(execId)).terminal, true);
      using input = await FifoWriter.open(stdin);
      await out.match(prompt);
      await task.resizePty({ id, execId, width: 99, height: 11 });
      await input.write('/bin/busybox stty size\r');
      // What ends the input counts only where a line is read.
      await out.match(/11 99\r\n[^]*# (?:\u001B\[6n)?$/);
      await input.write('\u0004');
      assert.equal(await container.wait(execId), 0);
      await container.delete(execId);
      await out.all;
      await container.end();
    });

    shimTest('give all that was written before the end', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using out = new FifoReader(stdout);
      const args = ['/bin/busybox', 'seq', '1', '2000'];
      const container = await ShimContainer.run(lab, { args, terminal: true }, { stdout });
      assert.equal(await container.wait(), 0);
      await container.delete();
      const expected = Array.from({ length: 2000 }, (_, index) => `${index + 1}\r\n`).join('');
      assert.equal((await out.all).toString(), expected);
      await endShim(container.shim, container.id);
    });

    shimTest('stay while their client is away', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      const first = new FifoReader(stdout);
      const container = await ShimContainer.run(lab, shell, { stdin, stdout });
      const typing = await FifoWriter.open(stdin);
      await first.match(prompt);
      first[Symbol.dispose]();
      typing[Symbol.dispose]();
      assert.equal((await container.state()).status, Status.RUNNING);
      using second = new FifoReader(stdout);
      using again = await FifoWriter.open(stdin);
      await again.write('echo "<"back">"; exit 4\r');
      await second.match(/<back>\r\n/);
      assert.equal(await container.wait(), 4);
      await container.end();
    });

    if (shim.supports.terminalsWithoutStreams)
      shimTest('that nobody looks at do not hold a process up', async () => {
        await using lab = await ShimLab.open(shim);
        const container = await ShimContainer.run(lab, { args: ['/bin/echo', 'to nobody'], terminal: true });
        assert.equal(await container.wait(), 0);
        await container.end();
      });

    shimTest('are resized where there are some, and nothing happens where there are none', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const { task, id } = container;
      await task.resizePty({ id, execId: '', width: 80, height: 24 });
      assert.equal((await container.state()).status, Status.RUNNING);
      await container.end();
    });
  });
}
