import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { CreateTaskRequest } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { chainIds } from '../../pkg/oci/chain-ids.ts';
import { makeFifo } from '../../pkg/sys/make-fifo.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { busyboxEntries } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import type { ImageParts } from './ledger.ts';
import { MixedLoad } from './mixed-load.ts';
import { LinesInFifo, LinesInFile, writeNumberedLines } from './numbered-lines.ts';
import { unnamedAfterStart } from './unnamed.ts';

/** `make soak` sets more. */
const rounds = Number(process.env['ROUNDS'] ?? 200);
/** How many things are done at once, and the longest time until the daemon dies, in milliseconds. */
const actions = 5;
const longest = 400;

/** A reference and its parts. */
interface MadeImage {
  readonly reference: string;
  readonly parts: ImageParts;
}

/** Images of one common layer and one of their own each. */
async function makeImages(registry: Registry, layout: OciLayout, count: number): Promise<MadeImage[]> {
  const base = await layout.addLayer(busyboxEntries());
  const made: MadeImage[] = [];
  for (let number = 0; number < count; number++) {
    const name = `lab/death:${String(number)}`;
    const files = Array.from({ length: 100 }, (_, file) => ({
      name: `own-${String(number)}-${String(file)}`,
      content: name,
    }));
    const layers = [base, await layout.addLayer(files)];
    const { digest } = layout.addImage(name, layers);
    const { config } = JSON.parse(readFileSync(layout.blobPath(digest), 'utf8')) as { config: { digest: string } };
    made.push({
      reference: await registry.push(layout, name),
      parts: {
        digests: [digest, config.digest, ...layers.map((layer) => layer.digest)],
        chains: chainIds(layers.map(({ diffId }) => diffId)),
      },
    });
  }
  return made;
}

/** Starts a container that writes numbered lines into a FIFO: `ctr` makes it, the FIFO is ours. */
async function startFifoWriter(
  daemon: DaemonUnderTest,
  calls: DaemonCalls,
  image: string,
  fifo: string,
): Promise<void> {
  const id = 'writer-fifo';
  const { options } = calls;
  await new Ctr(daemon).ok(['container', 'create', image, id, 'sh', '-c', writeNumberedLines]);
  const { mounts } = await calls.snapshots.mounts({ snapshotter: 'overlayfs', key: id }, options);
  await calls.tasks.create(
    CreateTaskRequest.fromPartial({ containerId: id, rootfs: mounts, stdout: fifo, stderr: fifo }),
    options,
  );
  await calls.tasks.start({ containerId: id, execId: '' }, options);
}

describe('a daemon that dies', () => {
  let registry: Registry;
  let made: MadeImage[];
  let directory: TemporaryDirectory;
  before(async () => {
    directory = new TemporaryDirectory();
    registry = await Registry.start();
    made = await makeImages(registry, new OciLayout(directory.path), 7);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test(`keeps what it acknowledged over ${String(rounds)} random deaths, and containers run on`, async (t) => {
    // The seed is printed, so that a failure can be played again.
    const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
    t.diagnostic(`SEED=${seed}`);
    const random = new PseudoRandom(seed);
    await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    await using calls = new DaemonCalls(daemon);
    const ctr = new Ctr(daemon);
    const [first, ...others] = made;
    assert.ok(first);
    const image = first.reference;
    const pool = new Map(others.map(({ reference, parts }) => [reference, parts]));
    const [log, fifo, host] = [join(directory.path, 'lines'), join(directory.path, 'fifo'), 'writer-file'];
    const load = new MixedLoad({ daemon, calls, random, image, pool, host });
    makeFifo(fifo, 0o600);
    using lines = new LinesInFifo(fifo);
    const outputs = [new LinesInFile(log), lines];
    let when = 'before any death';
    try {
      await ctr.ok(['image', 'pull', '--plain-http', image]);
      load.ledger.images.add(image, first.parts);
      await ctr.ok(['run', '-d', '--log-uri', `file://${log}`, image, host, 'sh', '-c', writeNumberedLines]);
      await startFifoWriter(daemon, calls, image, fifo);
      for (const id of [host, 'writer-fifo']) load.ledger.running.add(id, undefined);
      for (let round = 0; round < rounds; round++) {
        when = `round ${String(round)} of SEED=${seed}`;
        const work = load.run(actions);
        await Promise.race([work, delay(random.below(longest))]);
        load.daemonIsDying();
        await daemon.kill('SIGKILL');
        await work;
        await daemon.start();
        await load.ledger.check(calls);
        assert.deepEqual(await unnamedAfterStart(daemon, calls), []);
        for (const output of outputs) output.check();
        await load.thin();
      }
      for (const output of outputs) await output.more();
      for (const output of outputs) output.check();
    } catch (error) {
      // What fails in disposing, after this, would hide it.
      const log = join(tmpdir(), `gantry-death-${seed}.log`);
      copyFileSync(daemon.logFile, log);
      t.diagnostic(`${when}: ${inspect(error)}\nthe daemon's log: ${log}`);
      throw error;
    } finally {
      if (!daemon.running) await daemon.start();
      const { containers } = await calls.containers.list({ filters: [] }, calls.options);
      for (const { id } of containers) await load.remove(id);
    }
  });
});
