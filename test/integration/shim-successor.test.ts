import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { LinesInFifo, LinesInFile } from '../fault/numbered-lines.ts';
import { FifoReader, FifoWriter } from '../lab/fifo-ends.ts';
import { OrphanLab } from '../lab/orphan-lab.ts';
import { tellingFirst } from '../lab/shim-choice.ts';
import { stopProcess } from '../lab/stop-process.ts';

const exited = (id: string, status: number): unknown => ({ topic: '/tasks/exit', id, execId: '', status });
const deleted = (id: string, status: number): unknown => ({ topic: '/tasks/delete', id, execId: '', status });

describe('a shim of ours that is killed', () => {
  test(
    'is followed by another: its container runs on, its output goes on in the file, its exit code is its own',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const log = join(lab.daemon.directory, 'log');
      const [id, other] = [await lab.run(['--log-uri', `file://${log}`]), await lab.run([])];
      const lines = new LinesInFile(log);
      await lines.more();
      await lab.isKept(id);
      const neighbour = lab.shim(other);
      const exit = lab.calls.tasks.wait({ containerId: id, execId: '' }, lab.calls.options);
      const { process } = await lab.calls.tasks.get({ containerId: id, execId: '' }, lab.calls.options);
      for (let times = 0; times < 3; times++) {
        const killed = await lab.killShim(id);
        const again = await lab.calls.tasks.get({ containerId: id, execId: '' }, lab.calls.options);
        assert.deepEqual([again.process?.pid, again.process?.status], [process?.pid, Status.RUNNING]);
        assert.notEqual(lab.shim(id), killed);
        await lines.more();
        await lines.more();
      }
      lines.check();
      assert.equal(await lab.ctr.ok(['task', 'exec', '--exec-id', `${id}-e`, id, '/bin/echo', 'alive']), 'alive\n');
      assert.equal(lab.shim(other), neighbour, "another container's shim is left alone");
      await lab.end(id, 7);
      assert.equal((await exit).exitStatus, 7);
      await lab.ctr.run(['task', 'rm', id]);
      assert.deepEqual(
        (await lab.endsOf(id, '/tasks/delete')).filter(({ execId }) => execId === ''),
        [exited(id, 7), deleted(id, 7)],
      );
      lines.check();
      await lab.remove(other);
      await lab.ctr.ok(['container', 'rm', id]);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'is followed before the start, paused, and with output in a FIFO of the client',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const fifo = join(lab.daemon.directory, 'fifo');
      makeFifo(fifo, 0o600);
      using lines = new LinesInFifo(fifo);
      const id = await lab.create(fifo);
      await lab.isKept(id);
      const status = async (): Promise<Status | undefined> =>
        (await lab.calls.tasks.get({ containerId: id, execId: '' }, lab.calls.options)).process?.status;
      await lab.killShim(id);
      assert.equal(await status(), Status.CREATED);
      await lab.calls.tasks.start({ containerId: id, execId: '' }, lab.calls.options);
      await lines.more();
      await lab.calls.tasks.pause({ containerId: id }, lab.calls.options);
      await lab.killShim(id);
      assert.equal(await status(), Status.PAUSED);
      await lab.calls.tasks.resume({ containerId: id }, lab.calls.options);
      await lines.more();
      await lab.killShim(id);
      assert.equal(await status(), Status.RUNNING);
      await lines.more();
      await lab.end(id, 3);
      assert.deepEqual(await lab.endsOf(id), [exited(id, 3)]);
      lines.check();
      await lab.remove(id);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'is followed by one that ends the FIFO of both outputs when both have ended',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const fifo = join(lab.daemon.directory, 'fifo');
      makeFifo(fifo, 0o600);
      using reader = new FifoReader(fifo);
      const id = await lab.create(fifo);
      await lab.calls.tasks.start({ containerId: id, execId: '' }, lab.calls.options);
      await reader.match(/^1\n/);
      await lab.isKept(id);
      await lab.killShim(id);
      const { process: kept } = await lab.calls.tasks.get({ containerId: id, execId: '' }, lab.calls.options);
      assert.equal(kept?.status, Status.RUNNING);
      await reader.match(new RegExp(`^${String(reader.text.split('\n').length)}\n`, 'm'));
      await lab.end(id, 4);
      assert.deepEqual(await lab.endsOf(id), [exited(id, 4)]);
      const lines = (await reader.all).toString().trimEnd().split('\n');
      assert.deepEqual(
        lines,
        lines.map((_, index) => String(index + 1)),
      );
      await lab.remove(id);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'is followed with what Exec added, whose exits are told',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const id = await lab.run([]);
      const fifo = join(lab.rootfs, 'tmp', `${id}-exec`);
      makeFifo(fifo, 0o600);
      const command = ['/bin/sh', '-c', `read code < /tmp/${id}-exec; exit $code`];
      await lab.ctr.ok(['task', 'exec', '--detach', '--exec-id', `${id}-e`, id, ...command]);
      const exit = lab.calls.tasks.wait({ containerId: id, execId: `${id}-e` }, lab.calls.options);
      await lab.isKept(id, new RegExp(`"exec":"${id}-e"`));
      await lab.killShim(id);
      assert.match(await lab.ctr.ok(['task', 'ls']), /RUNNING/);
      await lab.end(`${id}-exec`, 5);
      assert.equal((await exit).exitStatus, 5);
      await lab.end(id, 0);
      const ends = await lab.endsOf(id);
      assert.deepEqual(ends, [{ topic: '/tasks/exit', id, execId: `${id}-e`, status: 5 }, exited(id, 0)]);
      await lab.remove(id);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'together with its container leaves the true end of that to be told',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const [killed, ended] = [await lab.run([]), await lab.run([])];
      for (const id of [killed, ended]) await lab.isKept(id);
      const { process: first } = await lab.calls.tasks.get({ containerId: killed, execId: '' }, lab.calls.options);
      const { process: second } = await lab.calls.tasks.get({ containerId: ended, execId: '' }, lab.calls.options);
      assert.ok(first && second);
      using containers = new DisposableStack();
      const handles = [first, second].map(({ pid }) => containers.use(new ProcessHandle(pid)));
      // As long as the daemon is stopped, nobody is there.
      await stopProcess(lab.daemon.pid);
      for (const id of [killed, ended]) await lab.killShim(id);
      handles[0]?.signal(9);
      await lab.end(ended, 9);
      await Promise.all(handles.map((handle) => handle.exited()));
      process.kill(lab.daemon.pid, 'SIGCONT');
      assert.deepEqual(await lab.endsOf(killed), [exited(killed, 137)]);
      assert.deepEqual(await lab.endsOf(ended), [exited(ended, 9)]);
      await lab.remove(killed, ended);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'together with the daemon is followed when that is back',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const log = join(lab.daemon.directory, 'log');
      const [living, ended] = [await lab.run(['--log-uri', `file://${log}`]), await lab.run([])];
      for (const id of [living, ended]) await lab.isKept(id);
      const lines = new LinesInFile(log);
      await lines.more();
      const { process: last } = await lab.calls.tasks.get({ containerId: ended, execId: '' }, lab.calls.options);
      assert.ok(last);
      using handle = new ProcessHandle(last.pid);
      await lab.daemon.kill();
      for (const id of [living, ended]) await lab.killShim(id);
      await lab.end(ended, 4);
      await handle.exited();
      await lab.daemon.start();
      await lab.reconnect();
      assert.match(await lab.ctr.ok(['task', 'ls']), new RegExp(`${living} +\\d+ +RUNNING`));
      await lines.more();
      await lab.end(living, 6);
      assert.deepEqual(await lab.endsOf(living), [exited(living, 6)]);
      lines.check();
      // Nobody was there for the other one: how it ended is known if it has not been reaped yet.
      const { process } = await lab.calls.tasks.get({ containerId: ended, execId: '' }, lab.calls.options);
      assert.equal(process?.status, Status.STOPPED);
      assert.ok([4, 255].includes(process.exitStatus), `exit status ${String(process.exitStatus)}`);
      await lab.remove(living, ended);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'is followed by one for all of its group',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const group = lab.prepare();
      const options = ['--annotation', `io.containerd.runc.v2.group=${group}`];
      const logs = ['a', 'b'].map((name) => join(lab.daemon.directory, name));
      const ids: string[] = [];
      for (const log of logs) ids.push(await lab.run([...options, '--log-uri', `file://${log}`]));
      const [first = '', second = ''] = ids;
      for (const id of ids) await lab.isKept(id);
      await lab.killShim(first);
      assert.equal((await lab.ctr.ok(['task', 'ls'])).match(/RUNNING/g)?.length, 2);
      for (const log of logs) await new LinesInFile(log).more();
      // A third joins them in the successor.
      const third = await lab.run(options);
      await lab.end(first, 1);
      assert.deepEqual(await lab.endsOf(first), [exited(first, 1)]);
      await lab.remove(first);
      await lab.isKept(third);
      await lab.killShim(first);
      assert.equal((await lab.ctr.ok(['task', 'ls'])).match(/RUNNING/g)?.length, 2);
      for (const [id, code] of [
        [second, 2],
        [third, 3],
      ] as const) {
        await lab.end(id, code);
        assert.deepEqual(await lab.endsOf(id), [exited(id, code)]);
      }
      for (const log of logs) new LinesInFile(log).check();
      await lab.remove(second, third);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'takes its container with it when nobody can follow, and the end is told',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const id = await lab.run([]);
      await lab.isKept(id);
      const binary = join(lab.bundle(id), 'shim-binary-path');
      const script = join(lab.daemon.directory, 'shim-that-never-follows');
      const exec = `exec ${readFileSync(binary, 'utf8')} "$@"`;
      writeFileSync(script, `#!/bin/sh\nfor action; do :; done\n[ "$action" = takeover ] && exit 1\n${exec}\n`, {
        mode: 0o755,
      });
      writeFileSync(binary, script);
      const exit = lab.calls.tasks.wait({ containerId: id, execId: '' }, lab.calls.options);
      await lab.killShim(id);
      assert.deepEqual(await lab.endsOf(id, '/tasks/delete'), [exited(id, 137), deleted(id, 137)]);
      assert.equal((await exit).exitStatus, 137);
      await lab.ctr.ok(['container', 'rm', id]);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'does not end the output of a client that waits for it',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const id = lab.prepare();
      const script = `echo begun; read code < /tmp/${id}; echo ended; exit $code`;
      const run = await lab.ctr.start(['run', '--rootfs', lab.rootfs, id, '/bin/sh', '-c', script]);
      await run.output(/begun/);
      await lab.isStarted(id);
      await lab.isKept(id);
      await lab.killShim(id);
      assert.match(await lab.ctr.ok(['task', 'ls']), /RUNNING/);
      await lab.end(id, 2);
      const { code, stdout } = await run.exited;
      assert.deepEqual([code, stdout], [2, 'begun\nended\n']);
      await lab.remove(id);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );

  test(
    'leaves a terminal to its successor, its input and its output',
    tellingFirst(async () => {
      await using lab = await OrphanLab.start();
      const [input, output] = [join(lab.daemon.directory, 'in'), join(lab.daemon.directory, 'out')];
      for (const fifo of [input, output]) makeFifo(fifo, 0o600);
      const script = 'echo begun; while read line; do echo "got $line"; [ "$line" = end ] && exit 8; done';
      using screen = new FifoReader(output);
      const id = await lab.create(output, input, script);
      await lab.calls.tasks.start({ containerId: id, execId: '' }, lab.calls.options);
      using keyboard = await FifoWriter.open(input);
      await screen.match(/begun/);
      await keyboard.write('one\n');
      await screen.match(/got one/);
      await lab.isKept(id, /"master":\d/);
      await lab.killShim(id);
      assert.match(await lab.ctr.ok(['task', 'ls']), /RUNNING/);
      await keyboard.write('two\n');
      await screen.match(/got two/);
      // Another daemon holds it as well.
      await lab.daemon.crashAndRestart();
      await lab.reconnect();
      await lab.killShim(id);
      await lab.ctr.ok(['task', 'ls']);
      await keyboard.write('end\n');
      assert.deepEqual(await lab.endsOf(id), [exited(id, 8)]);
      await lab.remove(id);
      assert.deepEqual(await lab.daemon.lasting(), []);
    }),
  );
});
