import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { DaemonCalls } from '../../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { refusedCalls } from './refused-calls.ts';

/** All that a daemon has a record of in its namespace. */
async function records(calls: DaemonCalls): Promise<Record<string, readonly string[]>> {
  const { options } = calls;
  const { statuses } = await calls.content.listStatuses({ filters: [] }, options);
  return {
    containers: (await calls.containers.list({ filters: [] }, options)).containers.map(({ id }) => id),
    images: (await calls.images.list({ filters: [] }, options)).images.map(({ name }) => name),
    leases: (await calls.leases.list({ filters: [] }, options)).leases.map(({ id }) => id),
    tasks: (await calls.tasks.list({ filter: '' }, options)).tasks.map(({ id }) => id),
    blobs: (await calls.all(calls.content.list({ filters: [] }, options))).map(({ digest }) => digest),
    snapshots: (await calls.all(calls.snapshots.list({ snapshotter: 'overlayfs', filters: [] }, options))).map(
      ({ name }) => name,
    ),
    // A refused write may be resumed with the right bytes: it leaves its ingest.
    ingests: statuses.map(({ ref }) => ref).sort(),
  };
}

// The real containerd comes first: it judges the suite.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`bad input to ${kind}`, () => {
    let daemon: DaemonUnderTest;
    let calls: DaemonCalls;
    before(async () => {
      daemon = await DaemonUnderTest.start({ kind });
      calls = new DaemonCalls(daemon);
    });
    after(async () => {
      await calls[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    for (const { title, call, kinds, names } of refusedCalls) {
      const [theirs, ours = theirs] = kinds;
      if (kind !== 'gantry' && theirs === undefined) continue;
      test(`is refused: ${title}`, async () => {
        await assert.rejects(call(calls), (error) => {
          assert.ok(error instanceof KindError, String(error));
          assert.equal(error.kind, kind === 'gantry' ? ours : theirs, error.message);
          if (kind === 'gantry' && names !== undefined) assert.match(error.message, names);
          if (kind === 'gantry') assert.ok(error.message.length < 5000 && error.detail !== '', error.message);
          return true;
        });
      });
    }

    test('leaves nothing', async () => {
      const left = await records(calls);
      const none = { containers: [], images: [], leases: [], tasks: [], blobs: [], snapshots: [] };
      const { ingests, ...rest } = left;
      assert.deepEqual(rest, none);
      assert.deepEqual(ingests, ['../offset', 'long-label', 'wrong-digest', 'wrong-size']);
    });
  });
}
