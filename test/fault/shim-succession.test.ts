import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { OrphanLab } from '../lab/orphan-lab.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { tellingFirst } from '../lab/shim-choice.ts';
import { LinesInFile } from './numbered-lines.ts';

/** `ROUNDS` in the environment sets more. */
const rounds = Number(process.env['ROUNDS'] ?? 15);
const containers = 6;
/** The longest time between two deaths that belong together, in milliseconds. */
const longest = 60;
/**
 * A line is lost when its shim dies between reading it from a pipe and writing it to the log: some 20 µs of the 100 ms between two lines, 1 in 5,000 deaths. A run
 * of 15 rounds has some 60 deaths.
 */
const lossesAllowed = Math.ceil(rounds / 15);

/** Kills the shim of a container, if it has one just now under its own name. */
function killShimOf(lab: OrphanLab, id: string): void {
  try {
    process.kill(lab.shim(id), 'SIGKILL');
  } catch (error) {
    // It has died meanwhile, or serves a group under another's name.
    if (!isSystemError(error, 'ESRCH') && !String(error).includes('no shim of')) throw error;
  }
}

test(
  `containers live on over ${String(rounds)} random deaths of their shims and of the daemon`,
  tellingFirst(async (t) => {
    // The seed is printed, so that a failure can be played again.
    const seed = process.env['SEED'] ?? randomBytes(4).toString('hex');
    t.diagnostic(`SEED=${seed}`);
    const random = new PseudoRandom(seed);
    await using lab = await OrphanLab.start();
    const group = ['--annotation', `io.containerd.runc.v2.group=${lab.prepare()}`];
    const ids: string[] = [];
    const logs: LinesInFile[] = [];
    for (let number = 0; number < containers; number++) {
      const log = join(lab.daemon.directory, `log-${String(number)}`);
      ids.push(await lab.run([...(number % 2 === 0 ? [] : group), '--log-uri', `file://${log}`]));
      logs.push(new LinesInFile(log));
    }
    for (const id of ids) await lab.isKept(id);
    for (const log of logs) await log.more();
    for (let round = 0; round < rounds; round++) {
      const victims = ids.filter(() => random.below(2) === 0);
      const kind = random.below(4);
      if (kind === 0) await lab.daemon.kill();
      for (const id of victims) killShimOf(lab, id);
      await delay(random.below(longest));
      // In the midst of a succession: the successor, or the daemon.
      if (kind === 1) for (const id of victims) killShimOf(lab, id);
      if (kind === 2) await lab.daemon.kill();
      if (!lab.daemon.running) {
        await lab.daemon.start();
        await lab.reconnect();
      }
      const tasks = await lab.ctr.ok(['task', 'ls']);
      assert.equal(tasks.match(/RUNNING/g)?.length, containers, `round ${String(round)}:\n${tasks}`);
      for (const log of logs) await log.more();
      const lost = logs.map((log) => log.missing());
      const all = lost.reduce((sum, count) => sum + count);
      assert.ok(all <= lossesAllowed, `round ${String(round)}: lines lost, by log: ${lost.join(', ')}`);
    }
    for (const [number, id] of ids.entries()) {
      await lab.end(id, number);
      const exits = (await lab.endsOf(id)).filter(({ topic }) => topic === '/tasks/exit');
      assert.deepEqual(exits, [{ topic: '/tasks/exit', id, execId: '', status: number }]);
    }
    await lab.remove(...ids);
    assert.deepEqual(await lab.daemon.lasting(), []);
  }),
);
