import { Ctr } from '../lab/ctr.ts';
import { containerCreates } from './container-creates.ts';
import { content } from './content.ts';
import { exec } from './exec.ts';
import { garbage } from './garbage.ts';
import { lists } from './lists.ts';
import { longestTurn } from './longest-turn.ts';
import { memory } from './memory.ts';
import { processFigures } from './process-figures.ts';
import { pull, pullLarge, pullShared } from './pulls.ts';
import { restart } from './restart.ts';
import { inTurn, type Measured, type Row, settle, start, timed, withBoth } from './row.ts';
import { runStages } from './run-stages.ts';
import { shimHundred, shimMemory, shimOutput, shimStart, withOwnShim } from './shim-rows.ts';

const runOne: Row = {
  id: 'run',
  quantities: [{ title: '`ctr run --rm`, busybox `true`', unit: 'ms' }],
  async measure(contestants, context) {
    const measured: Measured = [[], []];
    await withBoth(contestants, context, (daemons) =>
      inTurn(1 + 20 * context.effort, async (index, round) => {
        const ctr = new Ctr(daemons[index]);
        const time = await timed(() => ctr.ok(['run', '--rm', context.busybox, `run-${String(round)}`, 'true']));
        // The first warms files and code up.
        if (round > 0) measured[index].push(time);
      }),
    );
    return [measured];
  },
};

const runMany: Row = {
  id: 'run-many',
  quantities: [
    { title: '50 × `ctr run -d` at once, until all run', unit: 's' },
    { title: 'processor time of the daemon in it', unit: 's' },
    { title: 'its resident memory with 50 containers', unit: 'MiB' },
    { title: 'its private memory with 50 containers', unit: 'MiB' },
  ],
  async measure(contestants, context) {
    const measured: Measured[] = this.quantities.map(() => [[], []]);
    const ids = Array.from({ length: 50 }, (_, number) => `many-${String(number)}`);
    await withBoth(contestants, context, (daemons) =>
      inTurn(3 * context.effort, async (index) => {
        const daemon = daemons[index];
        const ctr = new Ctr(daemon);
        const before = processFigures(daemon.pid).cpu;
        const time = await timed(() =>
          Promise.all(ids.map((id) => ctr.ok(['run', '-d', context.busybox, id, 'sleep', '1000']))),
        );
        const { cpu, resident, privateDirty } = processFigures(daemon.pid);
        const values = [time / 1000, cpu - before, resident, privateDirty];
        values.forEach((value, quantity) => measured[quantity]?.[index].push(value));
        await ctr.ok(['task', 'rm', '--force', ...ids]);
        await ctr.ok(['container', 'rm', ...ids]);
      }),
    );
    return measured;
  },
};

const idle: Row = {
  id: 'idle',
  quantities: [
    { title: 'ready after its start', unit: 'ms' },
    { title: 'resident memory, idle', unit: 'MiB' },
    { title: 'private memory (`Private_Dirty`), idle', unit: 'MiB' },
  ],
  async measure(contestants) {
    const measured: Measured[] = this.quantities.map(() => [[], []]);
    await inTurn(5, async (index) => {
      const started = performance.now();
      await using daemon = await start(contestants[index]);
      const ready = performance.now() - started;
      await new Ctr(daemon).ok(['version']);
      await settle();
      const { resident, privateDirty } = processFigures(daemon.pid);
      [ready, resident, privateDirty].forEach((value, quantity) => measured[quantity]?.[index].push(value));
    });
    return measured;
  },
};

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [
  runOne,
  runStages,
  runMany,
  exec,
  pull,
  pullLarge,
  pullShared,
  content,
  lists,
  containerCreates,
  garbage,
  restart,
  idle,
  memory,
  longestTurn,
  shimStart,
  shimMemory,
  shimHundred,
  withOwnShim(runOne),
  withOwnShim(runMany),
  withOwnShim(exec),
  shimOutput,
];
