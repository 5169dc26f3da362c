import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GcLab } from '../integration/gc/gc-lab.ts';

/** More than one slice removes, of each kind. */
const count = 600;

/** Makes snapshots, one upon the other by threes, and blobs, all of which one lease keeps. */
async function fill(lab: GcLab): Promise<void> {
  await lab.leases.create({ id: 'all', labels: new Map() }, lab.options);
  const leased = { ...lab.options, lease: 'all' };
  const snapshotter = 'overlayfs';
  const labels = new Map<string, string>();
  const column = async (number: number): Promise<void> => {
    let parent = '';
    for (const row of ['a', 'b', 'c']) {
      const name = `${row}${number}`;
      await lab.snapshots.prepare({ snapshotter, key: `${name}-active`, parent, labels }, leased);
      await lab.snapshots.commit({ snapshotter, name, key: `${name}-active`, labels, parent: '' }, leased);
      parent = name;
    }
  };
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (let start = 0; start < count; start += 50) {
    const some = numbers.slice(start, start + 50);
    await Promise.all([
      ...some.filter((number) => number % 3 === 0).map(column),
      ...some.map((number) => lab.upload(`blob ${number}`, labels, leased)),
    ]);
  }
}

test('what a collection that was cut short leaves goes with the next', async () => {
  await using lab = await GcLab.start('gantry');
  await fill(lab);
  const stop = new AbortController();
  const first = (async () => {
    for await (const { topic } of lab.events.subscribe({ filters: [] }, { signal: stop.signal })) {
      if (topic === '/snapshot/remove') return;
    }
  })();
  const cut = lab.leases.delete({ id: 'all', sync: true }, lab.options).catch(() => undefined);
  await first;
  await lab.daemon.kill();
  await cut;
  await lab.daemon.start();
  await lab.collect();
  assert.deepEqual(await lab.remains(), {
    ...{ images: [], leases: [], content: [], snapshots: [], blobs: [], ingests: 0, directories: 0 },
  });
});
