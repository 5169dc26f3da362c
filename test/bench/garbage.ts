import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { ImagesDefinition } from '../../api/gen/containerd/services/images/v1/images.ts';
import { SnapshotsDefinition } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { inTurn, noValues, overSocket, record, type Row, timed, withBoth } from './row.ts';

const count = 1000;
const snapshotter = 'overlayfs';
const lease = 'garbage';

/** A thousand committed snapshots that a lease alone holds. */
async function fill(daemon: DaemonUnderTest): Promise<void> {
  await overSocket(daemon, async (transport, options) => {
    const leased = { ...options, lease };
    await rpcClient(transport, LeasesDefinition).create({ id: lease, labels: new Map() }, options);
    const snapshots = rpcClient(transport, SnapshotsDefinition);
    const add = async (number: number): Promise<void> => {
      const [key, name, labels] = [
        `active-${String(number)}`,
        `committed-${String(number)}`,
        new Map<string, string>(),
      ];
      await snapshots.prepare({ snapshotter, key, parent: '', labels }, leased);
      await snapshots.commit({ snapshotter, name, key, labels, parent: '' }, leased);
    };
    for (let begin = 0; begin < count; begin += 50)
      await Promise.all(Array.from({ length: 50 }, (_, offset) => add(begin + offset)));
  });
}

/** Deletes the lease and waits for the garbage collection, while another client goes on asking; gives its latencies, too. */
async function collect(daemon: DaemonUnderTest, image: string): Promise<{ time: number; calls: number[] }> {
  return overSocket(daemon, async (transport, options) => {
    const images = rpcClient(transport, ImagesDefinition);
    const calls: number[] = [];
    let over = false;
    const asking = overSocket(daemon, async (other, otherOptions) => {
      const client = rpcClient(other, ImagesDefinition);
      while (!over) calls.push(await timed(() => client.get({ name: image }, otherOptions)));
    });
    await images.get({ name: image }, options);
    const time = await timed(() => rpcClient(transport, LeasesDefinition).delete({ id: lease, sync: true }, options));
    over = true;
    await asking;
    const { info } = await firstOf(
      rpcClient(transport, SnapshotsDefinition).list({ snapshotter, filters: [] }, options),
    );
    const left = info.filter(({ name }) => name.startsWith('committed-')).length;
    if (left > 0) throw new Error(`${daemon.kind} left ${String(left)} snapshots that nothing refers to`);
    return { time, calls };
  });
}

async function firstOf<T>(stream: AsyncIterable<{ info: T[] }>): Promise<{ info: T[] }> {
  const info: T[] = [];
  for await (const message of stream) info.push(...message.info);
  return { info };
}

/** Much garbage at once, and what others feel of it. */
export const garbage: Row = {
  id: 'garbage',
  quantities: [
    { title: 'removal of a lease with 1,000 snapshots, with its garbage collection', unit: 'ms' },
    { title: 'p99 of Images.Get meanwhile', unit: 'ms' },
    { title: 'longest Images.Get meanwhile', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    await withBoth(contestants, context, (daemons) =>
      inTurn(3 * context.effort, async (index) => {
        await fill(daemons[index]);
        const { time, calls } = await collect(daemons[index], context.busybox);
        calls.sort((a, b) => a - b);
        record(measured, index, [
          time,
          calls[Math.floor(calls.length * 0.99)] ?? Number.NaN,
          calls.at(-1) ?? Number.NaN,
        ]);
      }),
    );
    return measured;
  },
};
