import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { WriteAction } from '../../api/gen/containerd/services/content/v1/content.ts';
import { Image } from '../../api/gen/containerd/services/images/v1/images.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { digestOf } from '../../pkg/digest/digest-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { ContentUpload } from '../lab/content-upload.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { busyboxEntries } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { SmallFilesystem } from '../lab/small-filesystem.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { unnamed } from './unnamed.ts';

const rooted = new Map([['containerd.io/gc.root', 'test']]);
const target = { mediaType: 'application/octet-stream', digest: `sha256:${'0'.repeat(64)}`, size: 1n };
const snapshotter = 'overlayfs';
const megabytes = 128;

/** Records with long labels, one after the other, until one is refused; gives the error and adds the names of the others. */
async function createUntilRefused(calls: DaemonCalls, names: Set<string>): Promise<unknown> {
  const labels = new Map([...rooted, ['filling', 'x'.repeat(4000)]]);
  for (let number = 0; number < 20_000; number++) {
    const name = `registry.example/full:${String(number)}`;
    try {
      await calls.images.create(
        { image: Image.fromPartial({ name, labels, target }), sourceDateEpoch: undefined },
        calls.options,
      );
      names.add(name);
    } catch (error) {
      return error;
    }
  }
  throw new Error('the disk does not get full');
}

async function write(calls: DaemonCalls, ref: string, bytes: Uint8Array): Promise<string> {
  await using upload = new ContentUpload(calls.content, calls.options);
  await upload.write(ref, bytes);
  return await upload.commit(ref, bytes, rooted);
}

async function read(calls: DaemonCalls, digest: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const { data } of calls.content.read({ digest, offset: 0n, size: 0n }, calls.options)) chunks.push(data);
  return Buffer.concat(chunks);
}

function exhausted(error: unknown): true {
  assert.ok(error instanceof KindError, inspect(error));
  assert.equal(error.kind, 'resource-exhausted', error.message);
  return true;
}

describe('a disk that fills up and is freed again', () => {
  let registry: Registry;
  let directory: TemporaryDirectory;
  let busybox: string;
  let large: string;
  let inflating: string;
  before(async () => {
    directory = new TemporaryDirectory();
    registry = await Registry.start();
    const layout = new OciLayout(directory.path);
    const base = await layout.addLayer(busyboxEntries());
    layout.addImage('full/busybox:1', [base]);
    layout.addImage('full/large:1', [base, await layout.addLayer([{ name: 'large', content: randomBytes(24 << 20) }])]);
    // Some KiB that become 24 MiB.
    layout.addImage('full/inflating:1', [
      base,
      await layout.addLayer([{ name: 'zeros', content: Buffer.alloc(24 << 20, 1) }]),
    ]);
    busybox = await registry.push(layout, 'full/busybox:1');
    large = await registry.push(layout, 'full/large:1');
    inflating = await registry.push(layout, 'full/inflating:1');
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test('fails what needs space, loses nothing, and needs no restart', async (t) => {
    await using daemon = new DaemonUnderTest({ kind: 'gantry' });
    await using disk = await SmallFilesystem.mount(daemon.root, megabytes);
    await daemon.start();
    await using stop = { [Symbol.asyncDispose]: async () => void (await daemon.kill('SIGTERM')) };
    void stop;
    await using calls = new DaemonCalls(daemon);
    const { options } = calls;
    const ctr = new Ctr(daemon);
    try {
      const names = new Set([busybox]);
      await ctr.ok(['image', 'pull', '--plain-http', busybox]);
      await ctr.ok(['run', '-d', busybox, 'survivor', 'sleep', '100000']);
      const first = randomBytes(1 << 20);
      const digests = [await write(calls, 'first', first)];

      const check = async (): Promise<void> => {
        const { images } = await calls.images.list({ filters: [] }, options);
        const found = new Set(images.map(({ name }) => name));
        for (const name of names) assert.ok(found.has(name), `${name} was acknowledged and is gone`);
        for (const name of found) assert.ok(names.has(name), `${name} was refused and is there`);
        for (const digest of digests) assert.equal(digestOf(await read(calls, digest)), digest);
        const { tasks } = await calls.tasks.list({ filter: '' }, options);
        assert.deepEqual(
          tasks.map(({ id, status }) => [id, status]),
          [['survivor', Status.RUNNING]],
        );
      };

      for (let time = 0; time < 2; time++) {
        // A layer that can be fetched and not unpacked, and one that cannot be fetched.
        disk.fill(8 << 20);
        for (const image of [inflating, large]) {
          const { code, stderr } = await ctr.run(['image', 'pull', '--plain-http', image]);
          assert.notEqual(code, 0, image);
          assert.match(stderr, /no space left|ENOSPC|resource exhausted/i);
        }
        await check();
        disk.fill();
        await assert.rejects(write(calls, 'too-much', randomBytes(4 << 20)), exhausted);
        exhausted(await createUntilRefused(calls, names));
        await assert.rejects(
          calls.snapshots.prepare({ snapshotter, key: 'full', parent: '', labels: rooted }, options),
          exhausted,
        );
        await assert.rejects(ctr.ok(['run', '-d', busybox, 'no-room', 'true']));
        await check();

        disk.clear();
        digests.push(await write(calls, `room-${String(time)}`, randomBytes(1 << 20)));
        await calls.content.abort({ ref: 'too-much' }, options).catch(() => undefined);
        await calls.snapshots.prepare(
          { snapshotter, key: `room-${String(time)}`, parent: '', labels: rooted },
          options,
        );
        await ctr.ok(['run', '--rm', busybox, `room-${String(time)}-c`, 'true']);
        await check();
        for (const name of [...names].filter((each) => each.startsWith('registry.example/'))) {
          await calls.images.delete({ name, sync: false }, options);
          names.delete(name);
        }
        const { statuses } = await calls.content.listStatuses({ filters: [] }, options);
        for (const { ref } of statuses) await calls.content.abort({ ref }, options);
        assert.deepEqual(await unnamed(daemon, calls), []);
      }

      await ctr.ok(['image', 'pull', '--plain-http', inflating]);
      names.add(inflating);
      await daemon.crashAndRestart();
      await check();
      assert.deepEqual(await unnamed(daemon, calls), []);
    } catch (error) {
      // What fails in disposing, after this, would hide it.
      t.diagnostic(`${inspect(error)}\n${daemon.log.split('\n').slice(-30).join('\n')}`);
      throw error;
    } finally {
      await ctr.run(['task', 'rm', '--force', 'survivor']);
      await ctr.run(['container', 'rm', 'survivor']);
    }
  });

  // The real containerd comes first: it judges the test. Its error has no kind.
  for (const [kind, told] of [
    ['2.1.9', 'unknown'],
    ['gantry', 'resource-exhausted'],
  ] as const)
    test(`an ingest goes on where the disk was full: ${kind}`, async () => {
      await using daemon = new DaemonUnderTest({ kind });
      await using disk = await SmallFilesystem.mount(daemon.root, megabytes);
      await daemon.start();
      await using stop = { [Symbol.asyncDispose]: async () => void (await daemon.kill('SIGTERM')) };
      void stop;
      await using calls = new DaemonCalls(daemon);
      const bytes = randomBytes(16 << 20);
      disk.fill(6 << 20);
      await assert.rejects(write(calls, 'resumed', bytes), (error) => {
        assert.equal(error instanceof KindError && error.kind, told, inspect(error));
        assert.match(inspect(error), /no space left on device/);
        return true;
      });
      disk.clear();
      await using upload = new ContentUpload(calls.content, calls.options);
      const { offset } = await upload.step({ action: WriteAction.STAT, ref: 'resumed', total: BigInt(bytes.length) });
      for (let begin = Number(offset); begin < bytes.length; begin += 1 << 20) {
        const data = bytes.subarray(begin, Math.min(begin + (1 << 20), bytes.length));
        await upload.step({ action: WriteAction.WRITE, ref: 'resumed', offset: BigInt(begin), data });
      }
      assert.equal(digestOf(await read(calls, await upload.commit('resumed', bytes, rooted))), digestOf(bytes));
    });
});
