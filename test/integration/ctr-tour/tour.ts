import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { type PeerVersion, peers } from '../../lab/peers.ts';
import { areas } from './areas.ts';
import { differences } from './compare.ts';
import { ListOfDifferences } from './listed-differences.ts';
import { type PlayedStep, TourPlayer } from './tour-player.ts';
import type { TourArea } from './tour-step.ts';
import { TourWorld } from './tour-world.ts';
import { wasLost } from './was-lost.ts';

/** Only who asks for it (`--sync`) gets a collection of garbage: what a step leaves without a reference is there for the next one. */
const config = [
  '[plugins."io.containerd.gc.v1.scheduler"]',
  'startup_delay = "0s"',
  'deletion_threshold = 100000',
  'mutation_threshold = 100000',
].join('\n');

/**
 * In how many steps of a whole tour Gantry may seem to lose what a container wrote: containerd's shim and `ctr` do, under either daemon, once in hundreds
 * of steps. With our own shim nothing may be lost; that is for the tour of the shim to tell.
 */
const lossesAllowed = 2;

/**
 * Takes `ctr` of one age on its tour: each area before a containerd of the same age and before Gantry, at the same time, each daemon with
 * nothing in it. A step that the real one does not do judges nobody. What is different is listed in docs/compatibility.md, and what is listed
 * there is different.
 */
export function tour(age: PeerVersion): void {
  describe(`the tour of ctr ${age}`, { concurrency: 2 }, () => {
    let world: TourWorld;
    const list = new ListOfDifferences(age);
    let judged = 0;
    const lost: string[] = [];
    before(async () => {
      world = await TourWorld.make();
    });
    after(async () => {
      await world[Symbol.asyncDispose]();
      if (judged === areas.length) assert.deepEqual(list.outdated(), [], 'listed as different, but it is not');
      assert.ok(lost.length <= lossesAllowed, `lost of what containers wrote:\n${lost.join('\n')}`);
    });
    for (const area of areas) {
      test(area.name, async (t) => {
        const [containerd, gantry] = await both(play(area, age, age, world), play(area, 'gantry', age, world));
        lost.push(...(await judge(t, list, { area, age, containerd, gantry })));
        judged++;
      });
    }
  });
}

async function play(
  area: TourArea,
  kind: 'gantry' | PeerVersion,
  age: PeerVersion,
  world: TourWorld,
): Promise<PlayedStep[]> {
  await using daemon = await DaemonUnderTest.start({ kind, shim: age, config, env: { PATH: path(age) } });
  return await new TourPlayer(daemon, age, world.facts).play(area);
}

/** Where a daemon finds its shim, its runc, and CRIU for checkpoints. */
function path(age: PeerVersion): string {
  return [peers.shim(age), peers.runc(), peers.criu()]
    .map(dirname)
    .concat(process.env['PATH'] ?? '')
    .join(':');
}

/** Both, whichever fails: what is left of the other would spoil the machine. */
async function both<T>(first: Promise<T>, second: Promise<T>): Promise<[T, T]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

interface Played {
  readonly area: TourArea;
  readonly age: PeerVersion;
  readonly containerd: readonly PlayedStep[];
  readonly gantry: readonly PlayedStep[];
}

/** Gives the steps in which something of a container's output was lost under Gantry. */
async function judge(t: TestContext, list: ListOfDifferences, played: Played): Promise<string[]> {
  const { area, age, containerd, gantry } = played;
  const lost: string[] = [];
  const names = new Set(containerd.map(({ step }) => step.name));
  assert.equal(names.size, containerd.length, `two steps of ${area.name} have one name`);
  for (const [index, theirs] of containerd.entries()) {
    const ours = gantry[index];
    const { name, code = 0, shows = /^/ } = theirs.step;
    const full = `${area.name}: ${name}`;
    if (theirs.said.code !== code || !shows.test(theirs.lines.join('\n'))) {
      t.diagnostic(`${full}: containerd ${age} does not do it: ${theirs.lines.join(' ⏎ ')}`);
      list.excuse(full);
      continue;
    }
    await t.test(name, () => {
      assert.ok(ours, 'not played before Gantry');
      const byGantry = wasLost(ours, theirs);
      if (byGantry) lost.push(full);
      if (byGantry || wasLost(theirs, ours)) return void list.excuse(full);
      const found = differences(theirs, ours).filter((each) => !list.explains(full, each));
      const text = found.map(({ whose, line }) => `${whose === 'containerd' ? '-' : '+'} ${line}`).join('\n');
      assert.equal(text, '', `containerd (-) and Gantry (+) differ:\n${text}`);
    });
  }
  return lost;
}
