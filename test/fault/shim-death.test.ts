import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { chosenShims, tellingFirst } from '../lab/shim-choice.ts';
import { type ContainerHost, DaemonContainer } from '../lab/shim-daemon-container.ts';
import { shimPid } from '../lab/shim-pid.ts';
import { runs } from '../lab/shim-traces.ts';
import { processEnded } from '../lab/process-ended.ts';
import { LinesInFifo, writeNumberedLines } from './numbered-lines.ts';

/** `make soak-shim` sets more. */
const rounds = Number(process.env['SHIM_DEATHS'] ?? 20);
/** The longest that a container's fate may be unknown, in milliseconds; what is wanted is a second, on a machine that does nothing else. */
const patience = 10_000;

const writing = { args: ['/bin/sh', '-c', writeNumberedLines] };
const ended = new Set<Status | undefined>([undefined, Status.STOPPED]);

/** The shim of a container that is just being created. */
async function anyShimPid(id: string, address: string, isOver: () => boolean): Promise<number> {
  for (;;) {
    try {
      return shimPid(id, address);
    } catch (error) {
      if (isOver()) throw error;
      await setImmediate();
    }
  }
}

/**
 * Asks until the daemon knows what became of a container whose shim died.
 * @returns whether it lives, which is checked, and how long it took.
 */
async function fateOf(container: DaemonContainer, pid: number): Promise<{ lives: boolean; milliseconds: number }> {
  const started = performance.now();
  for (;;) {
    const milliseconds = performance.now() - started;
    assert.ok(milliseconds < patience, `${container.id}: nobody knows what became of it`);
    try {
      const status = (await container.process())?.status;
      if (ended.has(status)) {
        assert.equal(runs(pid), false, 'told of as ended, but it lives');
        return { lives: false, milliseconds };
      }
      // Else it has ended since the answer, or nobody has noticed yet.
      if (runs(pid)) return { lives: true, milliseconds };
    } catch (error) {
      // The connection has just ended.
      if (!(error instanceof KindError)) throw error;
    }
  }
}

/** A container that was, and how long nobody knew what became of it. */
interface Fate {
  readonly id: string;
  readonly milliseconds: number;
}

/** Kills a shim, and waits until it is dead: what is told from then on is the daemon's own knowledge. */
async function killShim(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await processEnded(pid);
}

/** Kills the shim of a container that runs; it must be known what became of it, and it must be possible to remove it. */
async function killedWhileItRuns(host: ContainerHost, random: PseudoRandom, fifo: string): Promise<Fate> {
  using lines = new LinesInFifo(fifo);
  const container = await DaemonContainer.run(host, writing, { stdout: fifo, stderr: fifo });
  const { pid = -1 } = (await container.process()) ?? {};
  if (random.below(2) === 0) await lines.more();
  if (random.below(2) === 0) await container.startExec({});
  await delay(random.below(60));
  await killShim(shimPid(container.id, host.daemon.address));
  const { lives, milliseconds } = await fateOf(container, pid);
  if (lives) {
    for (const _ of [1, 2]) await lines.more();
    lines.check();
    assert.equal(await container.exec(['/bin/sh', '-c', 'exit 5']), 5);
    await container.kill();
    assert.equal(await container.wait(), 137);
  }
  await container.remove();
  return { id: container.id, milliseconds };
}

/** Kills it as the container's process ends by itself. */
async function killedAsItEnds(host: ContainerHost, random: PseudoRandom): Promise<Fate> {
  const container = await DaemonContainer.run(host, { args: ['/bin/sh', '-c', `sleep 0.0${random.below(6)}; exit 7`] });
  const { pid = -1 } = (await container.process()) ?? {};
  await delay(random.below(80));
  await killShim(shimPid(container.id, host.daemon.address));
  const { lives, milliseconds } = await fateOf(container, pid);
  if (lives) assert.equal(await container.wait(), 7);
  await container.remove();
  return { id: container.id, milliseconds };
}

/** Kills it while it creates. */
async function killedAsItCreates(host: ContainerHost, random: PseudoRandom): Promise<Fate> {
  const container = await DaemonContainer.record(host, {});
  let isOver = false;
  const creating = container.create().catch((error: unknown) => error);
  void creating.then(() => (isOver = true));
  const pid = await anyShimPid(container.id, host.daemon.address, () => isOver);
  await delay(random.below(60));
  const started = performance.now();
  try {
    await killShim(pid);
  } catch {
    // It was the one that starts the other.
    await killShim(await anyShimPid(container.id, host.daemon.address, () => isOver));
  }
  await creating;
  await container.remove();
  return { id: container.id, milliseconds: performance.now() - started };
}

for (const shim of chosenShims()) {
  describe(`a death of ${shim.name}`, () => {
    test(
      `is told of truthfully, ${rounds} times, and touches no other container`,
      tellingFirst(async (t) => {
        const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
        t.diagnostic(`SEED=${seed}`);
        const random = new PseudoRandom(seed);
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry', logLevel: 'info' });
        await using calls = new DaemonCalls(daemon);
        const host = { daemon, calls, rootfs: busyboxRootfs(daemon.directory), runtime: shim.binary };
        const others = [await DaemonContainer.run(host, {}), await DaemonContainer.run(host, {})];
        const pids = await Promise.all(others.map(async (other) => (await other.process())?.pid));
        const times: number[] = [];
        const ways = [killedWhileItRuns, killedAsItEnds, killedAsItCreates];
        for (let round = 0; round < rounds; round++) {
          const fifo = join(daemon.directory, `fifo-${round}`);
          makeFifo(fifo, 0o600);
          const way = ways[round % ways.length] ?? assert.fail();
          const { id, milliseconds } = await way(host, random, fifo);
          times.push(milliseconds);
          assert.deepEqual(await daemon.lasting(id), [], `after round ${round}, ${way.name}`);
          for (const [index, other] of others.entries()) {
            const process = await other.process();
            assert.deepEqual([process?.status, process?.pid], [Status.RUNNING, pids[index]], `after round ${round}`);
          }
        }
        t.diagnostic(`known after at most ${Math.round(Math.max(...times))} ms`);
        for (const other of others) {
          assert.equal(await other.exec(['/bin/true']), 0);
          await other.remove();
        }
        assert.deepEqual(await daemon.lasting(), []);
      }),
    );
  });
}
