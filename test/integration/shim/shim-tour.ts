import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { type PeerVersion, peers } from '../../lab/peers.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';
import { checkpoints } from '../ctr-tour/areas/checkpoints.ts';
import { runs } from '../ctr-tour/areas/runs.ts';
import { tasks } from '../ctr-tour/areas/tasks.ts';
import { terminals } from '../ctr-tour/areas/terminals.ts';
import { differences } from '../ctr-tour/compare.ts';
import { type PlayedStep, TourPlayer } from '../ctr-tour/tour-player.ts';
import type { TourArea, TourStep } from '../ctr-tour/tour-step.ts';
import { TourWorld } from '../ctr-tour/tour-world.ts';
import { wasLost } from '../ctr-tour/was-lost.ts';

const runtime = 'io.containerd.gantry.v2';

/**
 * The step with our runtime's name in it. Clients send options of runc, and of its checkpoints, for `io.containerd.runc.v2` alone, or others
 * that nobody reads: where there are some the name stays, and what the daemon finds under it is ours all the same.
 */
function withRuntime(step: TourStep): TourStep {
  const { ctr } = step;
  if (!ctr || ctr.some((word) => /^--(?:runtime|runc-.*|no-pivot)$/.test(word))) return step;
  const verb = ctr[0] === 'run' ? 1 : /^containers?$/.test(ctr[0] ?? '') && ctr[1] === 'create' ? 2 : 0;
  return verb === 0 ? step : { ...step, ctr: [...ctr.slice(0, verb), '--runtime', runtime, ...ctr.slice(verb)] };
}

/** What is played, with what a client may show of the runtime's name taken for the other's. */
function withOurs(area: TourArea): TourArea {
  const renamed = (text: string): string => text.replaceAll(runtime, 'io.containerd.runc.v2');
  const steps = area === checkpoints ? area.steps : area.steps.map(withRuntime);
  return { ...area, steps: steps.map((step) => ({ ...step, normalise: [renamed, ...(step.normalise ?? [])] })) };
}

/**
 * Takes `ctr` on that part of its tour that shims do, before one daemon with our shim and the same daemon with containerd's: at the same
 * time, each with nothing in it. What the one with containerd's shim does not do judges nobody.
 */
export function shimTour(kind: 'gantry' | PeerVersion, age: PeerVersion): void {
  describe(`our shim under ${kind}, by the tour of ctr ${age}`, { concurrency: 2 }, () => {
    let world: TourWorld;
    let ours: TemporaryDirectory;
    before(async () => {
      world = await TourWorld.make();
      ours = new TemporaryDirectory();
      for (const name of ['runc', 'gantry'])
        symlinkSync(peers.gantryShim(), join(ours.path, `containerd-shim-${name}-v2`));
    });
    after(async () => {
      await world[Symbol.asyncDispose]();
      ours[Symbol.dispose]();
    });

    async function play(area: TourArea, shims: string): Promise<PlayedStep[]> {
      const path = [shims, dirname(peers.runc()), dirname(peers.criu()), process.env['PATH'] ?? ''].join(':');
      await using daemon = await DaemonUnderTest.start({ kind, env: { PATH: path } });
      return await new TourPlayer(daemon, age, world.facts).play(area);
    }

    for (const area of [runs, tasks, terminals, checkpoints]) {
      test(area.name, async (t) => {
        const theirs = play(area, dirname(peers.shim(kind === 'gantry' ? '2.1.9' : kind)));
        const played = [theirs, play(withOurs(area), ours.path)] as const;
        await Promise.allSettled(played);
        await judge(t, area, [await played[0], await played[1]]);
      });
    }
  });
}

async function judge(
  t: TestContext,
  area: TourArea,
  [theirs, ours]: readonly [readonly PlayedStep[], readonly PlayedStep[]],
): Promise<void> {
  for (const [index, their] of theirs.entries()) {
    const { name, code = 0, shows = /^/ } = their.step;
    if (their.said.code !== code || !shows.test(their.lines.join('\n'))) {
      t.diagnostic(`${area.name}: ${name}: containerd's shim does not do it: ${their.lines.join(' ⏎ ')}`);
      continue;
    }
    await t.test(name, () => {
      const our = ours[index] ?? assert.fail('not played with our shim');
      const found = wasLost(their, our) ? [] : differences(their, our);
      const text = found.map(({ whose, line }) => `${whose === 'containerd' ? '-' : '+'} ${line}`).join('\n');
      assert.equal(text, '', `containerd's shim (-) and ours (+) differ:\n${text}`);
    });
  }
}
