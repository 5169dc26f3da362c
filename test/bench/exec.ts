import { Ctr } from '../lab/ctr.ts';
import { inTurn, noValues, record, type Row, timed, withBoth } from './row.ts';

/** A process in a container that runs. */
export const exec: Row = {
  id: 'exec',
  quantities: [
    { title: '`ctr task exec`, busybox `true`', unit: 'ms' },
    { title: '8 × `ctr task exec` at once', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    await withBoth(contestants, context, async (daemons) => {
      for (const daemon of daemons) await new Ctr(daemon).ok(['run', '-d', context.busybox, 'host', 'sleep', '10000']);
      await inTurn(1 + 20 * context.effort, async (index, round) => {
        const ctr = new Ctr(daemons[index]);
        const run = (id: string): Promise<string> => ctr.ok(['task', 'exec', '--exec-id', id, 'host', 'true']);
        const one = await timed(() => run(`one-${String(round)}`));
        const ids = Array.from({ length: 8 }, (_, number) => `e-${String(round)}-${String(number)}`);
        const eight = await timed(() => Promise.all(ids.map(run)));
        if (round > 0) record(measured, index, [one, eight]);
      });
      for (const daemon of daemons) {
        const ctr = new Ctr(daemon);
        await ctr.ok(['task', 'rm', '--force', 'host']);
        await ctr.ok(['container', 'rm', 'host']);
      }
    });
    return measured;
  },
};
