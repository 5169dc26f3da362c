import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { Ctr } from '../lab/ctr.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { mixedLoad } from './mixed-load.ts';
import { noValues, type Row, settle } from './row.ts';

/** As much of `/debug/loop` as is shown; nanoseconds in digits. */
interface LoopFigures {
  readonly wall: { readonly longest: string };
  readonly processor: { readonly longest: string };
}

/** The longest turns since the last call, by the daemon's own meter. */
async function longestSince(socketPath: string): Promise<LoopFigures> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  request({ socketPath, path: '/debug/loop?reset=1' }, (response) => {
    json(response).then(resolve, reject);
  })
    .on('error', reject)
    .end();
  return (await promise) as LoopFigures;
}

/** How long anything held Gantry's main loop under load. Containerd has no such thing. */
export const longestTurn: Row = {
  id: 'longest-turn',
  quantities: [
    { title: 'longest turn of the main loop under a mixed load, processor time', unit: 'ms' },
    { title: 'the same, by the clock', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    const images = { busybox: context.busybox, other: await context.image('sharedBase') };
    using directory = new TemporaryDirectory();
    for (const index of [0, 1] as const) {
      if (contestants[index] !== 'gantry') continue;
      const socket = join(directory.path, `debug-${String(index)}.sock`);
      await using daemon = await DaemonUnderTest.start({
        ...{ kind: 'gantry', shim: '2.1.9', logLevel: 'info' },
        config: `[plugins."io.containerd.server.v1.debug"]\n  address = "${socket}"\n`,
      });
      await new Ctr(daemon).ok(['image', 'pull', '--plain-http', context.busybox]);
      await settle();
      for (let round = 0; round < 3 * context.effort; round++) {
        await longestSince(socket);
        await mixedLoad(daemon, images, round);
        const { processor, wall } = await longestSince(socket);
        measured[0]?.[index].push(Number(processor.longest) / 1e6);
        measured[1]?.[index].push(Number(wall.longest) / 1e6);
      }
    }
    return measured;
  },
};
