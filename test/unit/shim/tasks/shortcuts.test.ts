import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Status } from '../../../../api/gen/containerd/v1/types/types.ts';
import { peers } from '../../../lab/peers.ts';
import { runProgram } from '../../../lab/run-program.ts';
import { ShimContainer } from '../../../lab/shim-container.ts';
import { ShimLab } from '../../../lab/shim-lab.ts';
import { stopProcess } from '../../../lab/stop-process.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const root = '/run/containerd/runc';

/** A lab where `runc` writes down what it is asked. */
class RecordedLab implements AsyncDisposable {
  readonly lab: ShimLab;
  readonly #directory: TemporaryDirectory;

  private constructor(lab: ShimLab, directory: TemporaryDirectory) {
    this.lab = lab;
    this.#directory = directory;
  }

  static async open(): Promise<RecordedLab> {
    const directory = new TemporaryDirectory();
    const bin = join(directory.path, 'bin');
    mkdirSync(bin);
    const script = `#!/bin/sh\necho " $* " >>'${join(directory.path, 'calls')}'\nexec '${peers.runc()}' "$@"\n`;
    writeFileSync(join(bin, 'runc'), script, { mode: 0o755 });
    const lab = await ShimLab.open({ binary: peers.gantryShim(), bootstrapParams: true }, { path: [bin] });
    return new RecordedLab(lab, directory);
  }

  /** How often runc was asked for a command. */
  count(command: string): number {
    const lines = readFileSync(join(this.#directory.path, 'calls'), 'utf8').split('\n');
    return lines.filter((line) => line.includes(` ${command} `)).length;
  }

  /** A container whose spec has hooks that do nothing. */
  async containerWithHooks(name: string): Promise<ShimContainer> {
    const bundle = this.lab.bundle();
    const file = join(bundle.path, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...spec, hooks: { [name]: [{ path: '/bin/true', args: ['true'] }] } }));
    return await ShimContainer.create(this.lab, {}, { bundle });
  }

  state(id: string): string {
    return join(root, this.lab.namespace, id);
  }

  /** What runc itself says of a container. */
  async statusOf(id: string): Promise<string> {
    const { stdout } = await runProgram(peers.runc(), ['--root', join(root, this.lab.namespace), 'state', id]);
    return (JSON.parse(stdout) as { status: string }).status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** The cgroup that holds a container's memory, or all of it. */
function cgroupOf({ namespace }: ShimLab, id: string): string {
  const memory = '/sys/fs/cgroup/memory';
  return join(existsSync(memory) ? memory : '/sys/fs/cgroup', namespace, id);
}

/** Asked of what has ended, it waits for what is done with the container, and does nothing. */
const settle = (container: ShimContainer): Promise<void> => container.kill(9, { all: true });

describe('what the shim does without running runc', () => {
  test('a process is started, and runc takes it for running', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.create(recorded.lab);
    assert.equal(await recorded.statusOf(container.id), 'created');
    await container.start();
    assert.equal(recorded.count('start'), 0);
    assert.equal(await recorded.statusOf(container.id), 'running');
    // What waited at the FIFO is the container's own program by now.
    assert.match(readFileSync(`/proc/${container.pid}/cmdline`, 'utf8'), /^\/bin\/sleep/);
    await container.end();
  });

  test('a process is started by runc where hooks are to be run after it', async () => {
    await using recorded = await RecordedLab.open();
    const container = await recorded.containerWithHooks('poststart');
    await container.start();
    assert.equal(recorded.count('start'), 1);
    assert.equal((await container.state()).status, Status.RUNNING);
    await container.end();
  });

  test('a container that cannot be started so is runc’s to start, and to explain', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.create(recorded.lab);
    unlinkSync(join(recorded.state(container.id), 'exec.fifo'));
    await assert.rejects(container.start(), /OCI runtime start failed: cannot start an already running container/);
    assert.equal(recorded.count('start'), 1);
    await container.end();
  });

  test('a process that is slow to begin has somebody to answer to, however long it takes', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.create(recorded.lab);
    // Another is there in its place.
    await stopProcess(container.pid);
    const answering = open(join(recorded.state(container.id), 'exec.fifo'), 'w');
    const started = container.start();
    const answer = await answering;
    // Longer than anybody takes who may run.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await answer.write('0');
    await answer.close();
    await started;
    assert.equal(recorded.count('start'), 0);
    await container.end();
  });

  test('a process that ends before it begins is runc’s to explain', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.create(recorded.lab);
    await stopProcess(container.pid);
    const started = assert.rejects(container.start(), /OCI runtime start failed: /);
    // It is being started.
    await container.state();
    process.kill(container.pid, 'SIGKILL');
    await started;
    await container.end();
  });

  test('a signal is sent, but for one to a container that is paused', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.run(recorded.lab);
    const { task, id } = container;
    await task.pause({ id });
    await container.kill();
    assert.equal(recorded.count('kill'), 1);
    assert.equal(await container.wait(), 137);
    await container.end();
    const other = await ShimContainer.run(recorded.lab);
    await other.kill();
    assert.equal(await other.wait(), 137);
    assert.equal(recorded.count('kill'), 1);
    await other.end();
  });
});

describe('a container that has ended', () => {
  test('is forgotten by runc before it is deleted, and nobody else sees it', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.run(recorded.lab);
    const { task, id } = container;
    await container.kill();
    await container.wait();
    await settle(container);
    assert.equal(existsSync(recorded.state(id)), false);
    assert.equal((await container.state()).status, Status.STOPPED);
    assert.deepEqual((await task.pids({ id })).processes, []);
    assert.match((await task.stats({ id })).stats?.typeUrl ?? '', /^io\.containerd\.cgroups\.v[12]\.Metrics$/);
    await assert.rejects(container.addExec({}), /cannot exec in a stopped state/);
    await assert.rejects(container.kill(), /process already finished: not found/);
    assert.equal(existsSync(cgroupOf(recorded.lab, id)), false);
    await container.delete();
    assert.equal(recorded.count('delete'), 0);
    await container.end();
  });

  test('is removed by runc where more than its own cgroups is to be removed', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.run(recorded.lab);
    mkdirSync(join(cgroupOf(recorded.lab, container.id), 'child'));
    await container.kill();
    await container.wait();
    await settle(container);
    assert.equal(recorded.count('delete'), 1);
    assert.equal(existsSync(cgroupOf(recorded.lab, container.id)), false);
    assert.equal(existsSync(recorded.state(container.id)), false);
    await container.end();
  });

  test('is removed by runc where its processes outlive the first one', async () => {
    await using recorded = await RecordedLab.open();
    const container = await ShimContainer.run(recorded.lab, { hostPid: true });
    await container.kill();
    await container.wait();
    await settle(container);
    assert.equal(recorded.count('delete'), 1);
    await container.end();
  });

  test('is kept by runc until it is deleted where hooks are to be run then', async () => {
    await using recorded = await RecordedLab.open();
    const container = await recorded.containerWithHooks('poststop');
    await container.start();
    await container.kill();
    await container.wait();
    await settle(container);
    assert.ok(existsSync(recorded.state(container.id)));
    await container.delete();
    assert.equal(existsSync(recorded.state(container.id)), false);
    await container.end();
  });
});
