import { Ctr } from '../lab/ctr.ts';
import { mixedLoad } from './mixed-load.ts';
import { processFigures } from './process-figures.ts';
import { inTurn, noValues, record, type Row, settle, start } from './row.ts';

const rounds = 10;

/** What a daemon keeps of the work it has done: the same load ten times over. */
export const memory: Row = {
  id: 'memory',
  quantities: [
    { title: 'private memory before a mixed load', unit: 'MiB' },
    { title: 'private memory after the first round of it', unit: 'MiB' },
    { title: 'private memory after the fifth round', unit: 'MiB' },
    { title: 'private memory after the tenth round', unit: 'MiB' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    const images = { busybox: context.busybox, other: await context.image('sharedBase') };
    await inTurn(context.effort, async (index, turn) => {
      // One daemon at a time: the other's load would be in the way.
      await using daemon = await start(contestants[index]);
      await new Ctr(daemon).ok(['image', 'pull', '--plain-http', context.busybox]);
      const figures: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        if (round > 0) await mixedLoad(daemon, images, turn * rounds + round);
        if (![0, 1, 5, rounds].includes(round)) continue;
        await settle();
        figures.push(processFigures(daemon.pid).privateDirty);
      }
      record(measured, index, figures);
    });
    return measured;
  },
};
