import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { packAny } from '../../../api/any/pack-any.ts';
import { Options } from '../../../api/gen/containerd/runc/v1/runc.ts';
import { FifoReader, FifoWriter } from '../../lab/fifo-ends.ts';
import { PseudoRandom } from '../../lab/pseudo-random.ts';
import { createRequest, endShim, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { refused } from './refusals.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const sh = (script: string): { args: string[] } => ({ args: ['/bin/sh', '-c', script] });

/** Where the streams of processes without a terminal can go. */
export function stdioArea(shim: ShimUnderTest): void {
  describe('FIFOs', () => {
    shimTest('carry both outputs apart, whole when the exit is told, to their end', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdout, stderr] = [lab.fifo('out'), lab.fifo('err')];
      using out = new FifoReader(stdout);
      using err = new FifoReader(stderr);
      const container = await ShimContainer.run(lab, sh('echo out; echo err >&2; exit 3'), { stdout, stderr });
      assert.equal(await container.wait(), 3);
      await container.delete();
      assert.equal((await out.all).toString(), 'out\n');
      assert.equal((await err.all).toString(), 'err\n');
      await endShim(container.shim, container.id);
    });

    shimTest('lose nothing of an output that is larger than they are, of a process that is long gone', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using out = new FifoReader(stdout);
      const bytes = new PseudoRandom('stdio').bytes(3_000_000);
      writeFileSync(join(lab.rootfs, 'data'), bytes);
      out.pause();
      const container = await ShimContainer.run(lab, sh('cat /data; echo end >/tmp/end'), { stdout });
      // The reader sleeps until half of it has to wait somewhere.
      await lab.events.first('start', ({ containerId }) => containerId === container.id);
      out.resume();
      assert.equal(await container.wait(), 0);
      await container.delete();
      assert.equal(sha256(await out.all), sha256(bytes));
      await endShim(container.shim, container.id);
    });

    shimTest('may be opened late: nobody else waits for it', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      const bundle = lab.bundle(sh('read line; echo "got $line"'));
      const client = await lab.start(bundle);
      const creating = client.task.create(createRequest(lab, bundle, {}, { stdin, stdout }));
      if (shim.supports.createHoldsNobodyUp)
        for (let asked = 0; asked < 20; asked++) await client.task.connect({ id: bundle.id });
      using out = new FifoReader(stdout);
      await creating;
      await client.task.start({ id: bundle.id, execId: '' });
      using input = await FifoWriter.open(stdin);
      await input.write('late\n');
      assert.equal((await client.task.wait({ id: bundle.id, execId: '' })).exitStatus, 0);
      await client.task.delete({ id: bundle.id, execId: '' });
      assert.equal((await out.all).toString(), 'got late\n');
      await endShim(client, bundle.id);
    });

    shimTest('may be left and opened again: the container does not notice', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      const first = new FifoReader(stdout);
      const script = 'i=1; while sleep 0.02; do echo line $i || exit 9; i=$((i+1)); done';
      const container = await ShimContainer.run(lab, sh(script), { stdout });
      await first.match(/line 2\n/);
      first[Symbol.dispose]();
      const { pid } = await container.state();
      assert.equal(await container.exec(['/bin/sleep', '0.2']), 0);
      using second = new FifoReader(stdout);
      const [, number] = await second.match(/line (\d+)\n/);
      assert.ok(Number(number) > 2);
      await second.match(new RegExp(`line ${Number(number) + 5}\\n`));
      assert.equal((await container.state()).pid, pid);
      await container.end();
    });

    shimTest('one may carry both outputs', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('both');
      using out = new FifoReader(stdout);
      const container = await ShimContainer.run(lab, sh('echo out; echo err >&2'), { stdout, stderr: stdout });
      assert.equal(await container.wait(), 0);
      await container.delete();
      assert.deepEqual((await out.all).toString().split('\n').sort(), ['', 'err', 'out']);
      await endShim(container.shim, container.id);
    });

    shimTest('carry the streams of execs', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const [stdin, stdout, stderr] = [lab.fifo('in'), lab.fifo('out'), lab.fifo('err')];
      using out = new FifoReader(stdout);
      using err = new FifoReader(stderr);
      const script = 'echo ready; read line; echo "<$line>"; echo wrong >&2; exit 2';
      const execId = await container.startExec(sh(script), { stdin, stdout, stderr });
      await out.match(/ready/);
      using input = await FifoWriter.open(stdin);
      await input.write('typed\n');
      assert.equal(await container.wait(execId), 2);
      await container.delete(execId);
      assert.deepEqual([(await out.all).toString(), (await err.all).toString()], ['ready\n<typed>\n', 'wrong\n']);
      await container.end();
    });

    shimTest('of a process that leaves a child behind end when it is deleted', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const stdout = lab.fifo('out');
      using out = new FifoReader(stdout);
      const execId = await container.startExec(sh('sleep 100000 & echo done'), { stdout });
      assert.equal(await container.wait(execId), 0);
      await lab.events.first('exit', ({ id }) => id === execId);
      await out.match(/done\n/);
      await container.delete(execId);
      assert.equal((await out.all).toString(), 'done\n');
      await container.end();
    });
  });

  describe('stdin', () => {
    shimTest('ends when CloseIO says so, and not before all of it was read', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      using out = new FifoReader(stdout);
      const bytes = new PseudoRandom('stdin').bytes(1_000_000);
      const container = await ShimContainer.run(lab, { args: ['/bin/cat'] }, { stdin, stdout });
      const input = await FifoWriter.open(stdin);
      await input.write(bytes);
      input[Symbol.dispose]();
      await container.task.closeIO({ id: container.id, execId: '', stdin: true });
      assert.equal(await container.wait(), 0);
      await container.delete();
      assert.equal(sha256(await out.all), sha256(bytes));
      await endShim(container.shim, container.id);
    });

    shimTest('of an exec ends when CloseIO says so', async () => {
      await using lab = await ShimLab.open(shim);
      const container = await ShimContainer.run(lab);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      using out = new FifoReader(stdout);
      const execId = await container.startExec({ args: ['/bin/cat'] }, { stdin, stdout });
      const input = await FifoWriter.open(stdin);
      await input.write('to the end');
      await out.match(/end/);
      input[Symbol.dispose]();
      await container.task.closeIO({ id: container.id, execId, stdin: true });
      assert.equal(await container.wait(execId), 0);
      await container.delete(execId);
      assert.equal((await out.all).toString(), 'to the end');
      // Asked for what has none, or has closed it, it does nothing.
      await container.task.closeIO({ id: container.id, execId: '', stdin: true });
      await container.end();
    });

    shimTest('stays open while a client leaves and another comes', async () => {
      await using lab = await ShimLab.open(shim);
      const [stdin, stdout] = [lab.fifo('in'), lab.fifo('out')];
      using out = new FifoReader(stdout);
      const container = await ShimContainer.run(lab, { args: ['/bin/cat'] }, { stdin, stdout });
      const first = await FifoWriter.open(stdin);
      await first.write('one\n');
      await out.match(/one\n/);
      first[Symbol.dispose]();
      const second = await FifoWriter.open(stdin);
      await second.write('two\n');
      await out.match(/two\n/);
      second[Symbol.dispose]();
      await container.task.closeIO({ id: container.id, execId: '', stdin: true });
      assert.equal(await container.wait(), 0);
      await container.end();
    });
  });

  describe('no streams', () => {
    shimTest('are /dev/null', async () => {
      await using lab = await ShimLab.open(shim);
      const script =
        'for fd in 0 1 2; do /bin/busybox readlink /proc/self/fd/$fd; done >/tmp/fds 2>&1; cat; echo to nobody';
      const container = await ShimContainer.run(lab, sh(script));
      assert.equal(await container.wait(), 0);
      await container.end();
      assert.equal(readFileSync(join(lab.rootfs, 'tmp', 'fds'), 'utf8').split('\n')[0], '/dev/null');
    });
  });

  describe('file://', () => {
    shimTest('is appended to, made with its directories, and may be one for both outputs', async () => {
      await using lab = await ShimLab.open(shim);
      const path = join(lab.directory, 'logs', 'of', 'container');
      const uri = `file://${path}`;
      for (const round of [1, 2]) {
        const container = await ShimContainer.run(lab, sh(`echo out ${round}; echo err >&2`), {
          stdout: uri,
          stderr: uri,
        });
        assert.equal(await container.wait(), 0);
        await container.end();
      }
      const lines = readFileSync(path, 'utf8').split('\n').sort();
      if (shim.supports.sharesFiles) assert.deepEqual(lines, ['', 'err', 'err', 'out 1', 'out 2']);
      else assert.ok(lines.length > 1 && lines.every((line) => /^(?:|err|out [12])$/.test(line)));
      assert.equal(statSync(path).mode & 0o777, 0o644);
    });

    shimTest('takes the output of an exec', async () => {
      await using lab = await ShimLab.open(shim);
      const path = join(lab.directory, 'log');
      const container = await ShimContainer.run(lab);
      const uri = `file://${path}`;
      assert.equal(await container.exec(['/bin/echo', 'logged'], { stdout: uri, stderr: uri }), 0);
      assert.equal(readFileSync(path, 'utf8'), 'logged\n');
      await container.end();
    });
  });

  describe('binary://', () => {
    /** A logger that notes what it was started with, and logs. */
    function logger(lab: ShimLab): string {
      const path = join(lab.directory, 'logger');
      const script = [
        '#!/bin/sh',
        // Some shims send it when the container is deleted, and then wait.
        'trap "" TERM',
        'cd "$(dirname "$0")"',
        'echo "$@" "$CONTAINER_ID" "$CONTAINER_NAMESPACE" >called',
        'exec 5>&-',
        'cat <&3 >logged-out &',
        'cat <&4 >logged-err',
        'wait',
        'echo end >ended',
      ];
      writeFileSync(path, `${script.join('\n')}\n`, { mode: 0o755 });
      return path;
    }

    shimTest('is a program that gets both outputs, and lives as long as they', async () => {
      await using lab = await ShimLab.open(shim);
      const uri = `binary://${logger(lab)}?colour=green`;
      const container = await ShimContainer.run(lab, sh('echo out; echo err >&2'), { stdout: uri, stderr: uri });
      assert.equal(await container.wait(), 0);
      await container.end();
      const read = (name: string): string => readFileSync(join(lab.directory, name), 'utf8');
      assert.equal(read('called'), `colour green ${container.id} ${lab.namespace}\n`);
      assert.deepEqual([read('logged-out'), read('logged-err'), read('ended')], ['out\n', 'err\n', 'end\n']);
    });

    shimTest('that cannot be started fails the create', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = 'binary:///no/such/logger';
      await assert.rejects(
        ShimContainer.create(lab, {}, { stdout, stderr: stdout }),
        refused(/no such file or directory/, 'unknown', 'not-found', 'invalid-argument', 'failed-precondition'),
      );
    });
  });

  describe('what is no stream', () => {
    shimTest('fails the create by its name', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = 'nonsense:///x';
      await assert.rejects(
        ShimContainer.create(lab, {}, { stdout, stderr: stdout }),
        refused(/STDIO .*nonsense/, 'unknown', 'invalid-argument'),
      );
    });
  });

  describe('the owner of streams', () => {
    shimTest('is the one that the options name, so that a container may open its own again', async () => {
      await using lab = await ShimLab.open(shim);
      const stdout = lab.fifo('out');
      using out = new FifoReader(stdout);
      const options = packAny('containerd.runc.v1.Options', Options, Options.fromPartial({ ioUid: 1000, ioGid: 1000 }));
      const spec = { ...sh('echo again >/proc/self/fd/1'), user: { uid: 1000, gid: 1000 } };
      const container = await ShimContainer.run(lab, spec, { stdout, options });
      assert.equal(await container.wait(), 0);
      await container.delete();
      assert.equal((await out.all).toString(), 'again\n');
      await endShim(container.shim, container.id);
      assert.equal(existsSync(container.shim.path), false);
    });
  });
}
