import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { digestOf } from '../../../../pkg/digest/digest-of.ts';
import { mediaTypes } from '../../../../pkg/oci/media-types.ts';
import type { Descriptor } from '../../../../pkg/oci/descriptor.ts';
import { LocalContentStore } from '../../../../services/content/local/local-content-store.ts';
import { BlobDownloader } from '../../../../services/transfer/blob-downloader.ts';
import { ProgressTracker } from '../../../../services/transfer/progress-tracker.ts';
import type { TransferProgress } from '../../../../services/transfer/transferrer.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';
import { HostileServer } from '../../../lab/hostile-server.ts';
import { open } from './registry/open.ts';

const scope = { namespace: 'default' };
const bytes = Buffer.alloc(700_000, 'layer');
const blob: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };

/** Downloads the blob from a server of the test's own; gives the store, and what was reported. */
async function download(answer: RequestListener, prepare?: (store: LocalContentStore) => Promise<void>, rangeSize = 0) {
  const directory = new TemporaryDirectory('downloader-');
  const store = await LocalContentStore.open(directory.path);
  const reported: TransferProgress[] = [];
  await using server = await HostileServer.start(answer);
  using registry = await open(`${server.host}/a/b:1`);
  using tracker = new ProgressTracker('image', 'downloading', (progress) => reported.push(progress));
  const retry = { tries: 3, baseDelay: 0, maxDelay: 0 };
  const downloader = new BlobDownloader(store, { maxConcurrent: 3, rangeSize, retry });
  await prepare?.(store);
  tracker.add(blob);
  let failure: unknown;
  try {
    await downloader.download(scope, blob, registry, tracker);
  } catch (error) {
    failure = error;
  }
  const ranges = server.requests.map(({ headers }) => headers.range);
  const ingests = await store.listStatuses(scope, []);
  return {
    failure,
    ranges,
    ingests,
    events: reported.map(({ event }) => event),
    async stored(): Promise<boolean> {
      return await store.info(scope, blob.digest).then(
        ({ size }) => size === blob.size,
        () => false,
      );
    },
    [Symbol.dispose]: (): void => directory[Symbol.dispose](),
  };
}

test('a blob comes into the store', async () => {
  using result = await download((_, response) => response.end(bytes));
  assert.equal(result.failure, undefined);
  assert.ok(await result.stored());
  // A download that takes its time is told of meanwhile, too.
  assert.match(result.events.join(', '), /^waiting, (downloading, )*complete$/);
});

test('a body that breaks off is resumed where it broke', async () => {
  let first = true;
  using result = await download((request, response) => {
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start > 0) response.writeHead(206, { 'content-range': `bytes ${String(start)}-699999/700000` });
    else response.writeHead(200, { 'content-length': bytes.length });
    if (!first) return response.end(bytes.subarray(start));
    first = false;
    return response.write(bytes.subarray(0, 300_000), () => response.destroy());
  });
  assert.equal(result.failure, undefined);
  assert.deepEqual(result.ranges, [undefined, 'bytes=300000-']);
  assert.ok(await result.stored());
});

test('an ingest that is there is resumed, also from a registry without ranges', async () => {
  using result = await download(
    (_, response) => response.end(bytes),
    async (store) => {
      await using writer = await store.writer(scope, { ref: `layer-${blob.digest}`, total: blob.size });
      await writer.write(bytes.subarray(0, 100_000));
    },
  );
  assert.equal(result.failure, undefined);
  assert.deepEqual(result.ranges, ['bytes=100000-']);
  assert.ok(await result.stored());
});

test('an ingest with other bytes is started again', async () => {
  using result = await download(
    (request, response) => {
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (start > 0) response.writeHead(206, { 'content-range': `bytes ${String(start)}-699999/700000` });
      response.end(bytes.subarray(start));
    },
    async (store) => {
      await using writer = await store.writer(scope, { ref: `layer-${blob.digest}`, total: blob.size });
      await writer.write(Buffer.alloc(100_000, 'wrong'));
    },
  );
  assert.equal(result.failure, undefined);
  assert.ok(await result.stored());
});

test('wrong bytes are refused and thrown away', async () => {
  using result = await download((_, response) => response.end(Buffer.alloc(bytes.length, 'other')));
  assert.match(String(result.failure), /unexpected commit digest .*: failed precondition/);
  assert.deepEqual(result.ingests, []);
  assert.ok(!(await result.stored()));
});

test('more bytes than the descriptor says are refused', async () => {
  using result = await download((_, response) => response.end(Buffer.concat([bytes, bytes])));
  assert.match(String(result.failure), /more than the 700000 bytes/);
  assert.deepEqual(result.ingests, []);
});

test('a body that ends too early is asked for a bounded number of times, and the ingest stays', async () => {
  using result = await download((_, response) => response.end(bytes.subarray(0, 1000)));
  assert.match(String(result.failure), /sent 1000 of 700000 bytes: unavailable/);
  assert.equal(result.ranges.length, 3);
  assert.equal(result.ingests[0]?.offset, 1000);
});

/** Answers ranges as registries do. */
const inRanges: RequestListener = (request, response) => {
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === '') return response.end(bytes);
  const part = bytes.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
  const range = `bytes ${from}-${String(Number(from) + part.length - 1)}/${String(bytes.length)}`;
  return response.writeHead(206, { 'content-range': range, 'content-length': part.length }).end(part);
};

test('a large blob is fetched in ranges side by side', async () => {
  using result = await download(inRanges, undefined, 300_000);
  assert.equal(result.failure, undefined);
  assert.deepEqual(result.ranges, ['bytes=0-299999', 'bytes=300000-599999', 'bytes=600000-699999']);
  assert.ok(await result.stored());
});

test('a range that breaks off is asked for again, what came before it is kept', async () => {
  let broken = false;
  using result = await download(
    (request, response) => {
      if (broken || request.headers.range !== 'bytes=300000-599999') return inRanges(request, response);
      broken = true;
      response.writeHead(206, { 'content-range': 'bytes 300000-599999/700000', 'content-length': 300_000 });
      return response.write('short', () => response.destroy());
    },
    undefined,
    300_000,
  );
  assert.equal(result.failure, undefined);
  assert.deepEqual(result.ranges.slice(3), ['bytes=300000-599999', 'bytes=600000-699999']);
  assert.ok(await result.stored());
});

test('a registry without ranges sends a large blob in one go', async () => {
  using result = await download((_, response) => response.end(bytes), undefined, 300_000);
  assert.equal(result.failure, undefined);
  assert.deepEqual(result.ranges, ['bytes=0-299999']);
  assert.ok(await result.stored());
});

test('a blob that is there is not fetched', async () => {
  using result = await download(
    (_, response) => response.writeHead(500).end(),
    async (store) => {
      await using writer = await store.writer(scope, { ref: 'other', expected: blob.digest });
      await writer.write(bytes);
      await writer.commit(bytes.length, blob.digest);
    },
  );
  assert.deepEqual(result.events, ['waiting', 'already exists']);
  assert.deepEqual(result.ranges, []);
});
