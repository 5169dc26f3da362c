import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { digestOf } from '../../../../../pkg/digest/digest-of.ts';
import { mediaTypes } from '../../../../../pkg/oci/media-types.ts';
import type { Descriptor } from '../../../../../pkg/oci/descriptor.ts';
import { Semaphore } from '../../../../../pkg/semaphore/semaphore.ts';
import type { ContentWriter } from '../../../../../services/content/content-store.ts';
import { LocalContentStore } from '../../../../../services/content/local/local-content-store.ts';
import type { ExtractResult } from '../../../../../services/diff/extract-request.ts';
import { BlobArrival } from '../../../../../services/transfer/blob-arrival.ts';
import type { PlannedLayer } from '../../../../../services/transfer/unpack/planned-layer.ts';
import { unpackArriving, type LayerWork } from '../../../../../services/transfer/unpack/unpack-arriving.ts';
import { PseudoRandom } from '../../../../lab/pseudo-random.ts';
import { makeTar } from '../../../pkg/tar/make-tar.ts';
import { LayerLab } from '../../diff/layer-lab.ts';

const lab = new LayerLab();
const scope = { namespace: 'test', lease: 'lease' };
const random = new PseudoRandom('unpack-arriving');
const files = Array.from({ length: 12 }, (_, at) => ({ name: `file-${String(at)}`, data: random.bytes(1_000_000) }));
const bytes = makeTar(files);
const descriptor: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };

/** A layer whose download the test plays, and where it is unpacked to. */
class Play {
  readonly limit = new Semaphore(1);
  readonly staged: string[] = [];
  readonly discarded: string[] = [];
  /** The bytes that were told of. */
  readonly told: number[] = [];
  /** Resolves whenever all that has come was read. */
  starved = Promise.withResolvers<void>();
  /** Resolves when a layer has been unpacked, whatever is to become of it. */
  readonly unpacked = Promise.withResolvers<void>();
  readonly fetched = Promise.withResolvers<void>();
  readonly writer: ContentWriter;
  readonly store: LocalContentStore;

  private constructor(store: LocalContentStore, writer: ContentWriter) {
    this.store = store;
    this.writer = writer;
  }

  static async begin(): Promise<Play> {
    const store = await LocalContentStore.open(lab.make());
    return new Play(store, await store.writer(scope, { ref: 'layer', total: bytes.length }));
  }

  get #work(): LayerWork<ExtractResult> {
    return {
      canFollow: true,
      stage: () => {
        const key = lab.make();
        this.staged.push(key);
        return Promise.resolve({ layer: this.#layer(), key, mounts: [] });
      },
      unpack: async (inner, { key }, { arriving, onProgress }) => {
        const target = { root: key, lowers: [], whiteouts: 'delete' } as const;
        await using blob = arriving ? undefined : await this.store.reader(inner, descriptor.digest);
        const file = arriving?.path ?? blob?.file ?? '';
        const growth = arriving && { size: arriving.size, available: arriving.available };
        const onStarved = async (read: number): Promise<void> => {
          const more = arriving?.more(read);
          this.starved.resolve();
          await more;
        };
        const request = { kind: 'extract', file, compression: 'none', target, growth } as const;
        const result = await lab.pool.run(request, inner.signal, { onProgress, onStarved });
        this.unpacked.resolve();
        return result;
      },
    };
  }

  #layer(): PlannedLayer {
    const arrival = new BlobArrival((begun) => {
      begun(async () => await this.writer.follow?.());
      return this.fetched.promise;
    });
    return { descriptor, diffId: descriptor.digest, chainId: descriptor.digest, parent: '', arrival };
  }

  async run(signal?: AbortSignal): ReturnType<typeof unpackArriving<ExtractResult>> {
    const tracker = { extracting: (_: Descriptor, read: number): void => void this.told.push(read) };
    const discard = (key: string): Promise<void> => {
      this.discarded.push(key);
      return Promise.resolve();
    };
    const parts = { limit: this.limit, tracker, snapshots: { discard } };
    return await unpackArriving(parts, this.#layer(), { ...scope, signal }, this.#work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
  }

  async write(from: number, to: number, what = bytes): Promise<void> {
    await this.writer.write(what.subarray(from, to));
  }

  /** Whether nobody holds the only place among the unpackers; takes it for a moment. */
  async isFree(): Promise<boolean> {
    using _permit = await this.limit.acquire(AbortSignal.timeout(20_000));
    return true;
  }
}

let play: Play;
beforeEach(async () => {
  play = await Play.begin();
});
afterEach(async () => await play[Symbol.asyncDispose]());

async function another(): Promise<void> {
  await play[Symbol.asyncDispose]();
  play = await Play.begin();
}

test('what was unpacked is given out when the blob has been verified, and discarded when that fails', async () => {
  const running = play.run();
  await play.write(0, bytes.length);
  await play.unpacked.promise;
  play.fetched.reject(new Error('unexpected commit digest'));
  await assert.rejects(running, /unexpected commit digest/);
  assert.deepEqual(play.discarded, play.staged);
  assert.equal(play.staged.length, 1);
  assert.ok(await play.isFree());
});

test('a layer that waits for bytes leaves its place to others, and takes it again', async () => {
  const running = play.run();
  await play.write(0, 9_000_000);
  await play.starved.promise;
  assert.ok(await play.isFree());
  assert.ok(existsSync(join(play.staged[0] ?? '', 'file-7')));
  await play.write(9_000_000, bytes.length);
  await play.unpacked.promise;
  await play.writer.commit(bytes.length, descriptor.digest);
  play.fetched.resolve();
  const { staged, result } = await running;
  assert.deepEqual([staged.key, result.size], [play.staged[0], bytes.length]);
  assert.deepEqual(play.discarded, []);
  assert.ok(await play.isFree());
});

test('one that begins anew is unpacked again when it is there, before its end and behind it', async () => {
  for (const when of ['in the middle', 'at the end']) {
    await another();
    const running = play.run();
    const wrong = Buffer.from(bytes);
    // Within a file.
    wrong.fill('x', 2_100_000, 2_900_000);
    await play.write(0, when === 'at the end' ? bytes.length : 9_000_000, wrong);
    await (when === 'at the end' ? play.unpacked : play.starved).promise;
    await play.writer.truncate();
    await play.write(0, bytes.length);
    await play.writer.commit(bytes.length, descriptor.digest);
    play.fetched.resolve();
    const { staged, result } = await running;
    assert.equal(play.staged.length, 2);
    assert.deepEqual(play.discarded, play.staged.slice(0, 1));
    assert.equal(staged.key, play.staged[1]);
    assert.equal(result.digest, descriptor.digest);
  }
});

test('bytes that cannot be unpacked are an error once they are known to be the right ones', async () => {
  const running = play.run();
  await play.write(0, bytes.length, Buffer.alloc(bytes.length, 'x'));
  // They are not: another attempt brings others.
  await play.writer.truncate();
  await play.write(0, bytes.length);
  await play.writer.commit(bytes.length, descriptor.digest);
  play.fetched.resolve();
  assert.equal((await running).result.digest, descriptor.digest);

  await another();
  const failing = play.run();
  await play.write(0, bytes.length, Buffer.alloc(bytes.length, 'x'));
  play.fetched.resolve();
  await assert.rejects(failing, { kind: 'invalid-argument' });
  assert.deepEqual(play.discarded, play.staged);
});

test('an abort ends it while it waits, and leaves nothing behind', async () => {
  for (const when of ['before', 'within']) {
    await another();
    const abort = new AbortController();
    const running = play.run(abort.signal);
    if (when === 'within') {
      await play.write(0, 9_000_000);
      await play.starved.promise;
    }
    abort.abort(new Error('the client left'));
    await assert.rejects(running, /the client left/);
    assert.deepEqual(play.discarded, play.staged);
    assert.ok(await play.isFree());
  }
});

test('a download that fails ends it with the download’s error', async () => {
  const running = play.run();
  await play.write(0, 9_000_000);
  await play.starved.promise;
  play.fetched.reject(new Error('the registry is gone'));
  await assert.rejects(running, /the registry is gone/);
  assert.deepEqual(play.discarded, play.staged);
});

test('nothing is told of the unpacking before all has come', async () => {
  const running = play.run();
  await play.write(0, bytes.length);
  await play.unpacked.promise;
  assert.equal(play.told.length, 0);
  await play.writer.commit(bytes.length, descriptor.digest);
  play.fetched.resolve();
  await running;
  assert.equal(play.told.length, 1);
  assert.ok((play.told[0] ?? 0) > bytes.length - 2_000_000);
});
