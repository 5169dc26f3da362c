import { Ctr } from '../lab/ctr.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { runProgram } from '../lab/run-program.ts';
import type { BenchImage } from './bench-images.ts';
import { processFigures } from './process-figures.ts';
import { inTurn, noValues, record, type Row, start, timed } from './row.ts';

/** Pulls; gives the milliseconds to the answer and to where all of it is on disk. */
async function pullOnto(daemon: DaemonUnderTest, reference: string): Promise<[answered: number, onDisk: number]> {
  const answered = await timed(() => new Ctr(daemon).ok(['image', 'pull', '--plain-http', reference]));
  return [answered, answered + (await timed(() => runProgram('sync', ['-f', daemon.root])))];
}

function pullInto(id: string, image: BenchImage, what: string): Row {
  return {
    id,
    quantities: [
      { title: `pull and unpack ${what}`, unit: 's' },
      { title: 'the same until it is on disk (`sync -f`)', unit: 's' },
      { title: 'processor time of the daemon in it', unit: 's' },
      { title: 'its resident memory afterwards', unit: 'MiB' },
    ],
    async measure(contestants, context) {
      const measured = noValues(this);
      const reference = await context.image(image);
      await inTurn(3 * context.effort, async (index) => {
        // What the last round wrote, or removed, must not be written back in this one's time.
        await runProgram('sync', []);
        await using daemon = await start(contestants[index]);
        const [answered, onDisk] = await pullOnto(daemon, reference);
        const { cpu, resident } = processFigures(daemon.pid);
        record(measured, index, [answered / 1000, onDisk / 1000, cpu, resident]);
      });
      return measured;
    },
  };
}

/** Many small files. */
export const pull: Row = pullInto('pull', 'manyFiles', '68,000 files in 2 layers, 355 MB compressed');

/** One huge file. */
export const pullLarge: Row = pullInto('pull-large', 'large', 'one layer of 1 GB, half of it compressible, gzip');

/** A second image of which all but one layer is there already. */
export const pullShared: Row = {
  id: 'pull-shared',
  quantities: [
    { title: 'pull of an image that shares 4 of its 5 layers', unit: 'ms' },
    { title: 'the same until it is on disk (`sync -f`)', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    const [base, top] = [await context.image('sharedBase'), await context.image('sharedTop')];
    await inTurn(5 * context.effort, async (index) => {
      await using daemon = await start(contestants[index]);
      await pullOnto(daemon, base);
      record(measured, index, await pullOnto(daemon, top));
    });
    return measured;
  },
};
