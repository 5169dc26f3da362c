// Layers that are unpacked while they are downloaded, from registries that go on only when the test says so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, type FSWatcher, readdirSync, readFileSync, readlinkSync, watch } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chainIds } from '../../pkg/oci/chain-ids.ts';
import { digestOf } from '../../pkg/digest/digest-of.ts';
import { unnamed } from '../fault/unnamed.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { HostileServer } from '../lab/hostile-server.ts';
import { type Layer, OciLayout } from '../lab/oci-layout.ts';
import { PseudoRandom } from '../lab/pseudo-random.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { readTree } from '../unit/services/diff/read-tree.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** One question for the large layer: its bytes from `start` on are to be sent. */
interface LayerQuestion {
  readonly response: ServerResponse;
  readonly bytes: Buffer;
  readonly start: number;
}

/** Sends a part, as the answer's first. */
async function send({ response, bytes, start }: LayerQuestion, end: number): Promise<void> {
  const headers = { 'content-length': bytes.length - start };
  const range = `bytes ${String(start)}-${String(bytes.length - 1)}/${String(bytes.length)}`;
  if (start > 0) response.writeHead(206, { ...headers, 'content-range': range });
  else response.writeHead(200, headers);
  await new Promise<void>((resolve) => response.write(bytes.subarray(start, end), () => resolve()));
}

/** What the registry of these tests holds: images of one small and one large layer, or of the large one alone. */
class Images {
  readonly large: Layer;
  readonly #layout: OciLayout;

  private constructor(layout: OciLayout, large: Layer) {
    this.#layout = layout;
    this.large = large;
  }

  static async make(directory: string): Promise<Images> {
    const layout = new OciLayout(directory);
    const random = new PseudoRandom('arriving');
    const files = Array.from({ length: 60 }, (_, at) => ({
      name: `file-${String(at)}`,
      content: random.bytes(400_000),
    }));
    const large = await layout.addLayer([{ name: 'under/', type: 'directory' }, ...files]);
    const small = await layout.addLayer([{ name: 'under/small', content: 'small' }]);
    const other = await layout.addLayer([{ name: 'other', content: random.bytes(100_000) }]);
    layout.addImage('single:1', [large]);
    layout.addImage('double:1', [small, large]);
    layout.addImage('other:1', [other, await layout.addLayer([{ name: 'another', content: 'another' }])]);
    return new Images(layout, large);
  }

  manifest(name: string): Buffer {
    return readFileSync(this.#layout.blobPath(this.#layout.images.get(name)?.digest ?? ''));
  }

  blob(digest: string): Buffer | undefined {
    const path = this.#layout.blobPath(digest);
    return existsSync(path) ? readFileSync(path) : undefined;
  }
}

/** The name of the large layer's snapshot where it is the lowest, and where a layer lies beneath. */
function snapshotOf(images: Images, image: string): string {
  const { config } = JSON.parse(images.manifest(image).toString()) as { config: { digest: string } };
  const text = images.blob(config.digest)?.toString() ?? '';
  const { rootfs } = JSON.parse(text) as { rootfs: { diff_ids: string[] } };
  return chainIds(rootfs.diff_ids).at(-1) ?? '';
}

function watched(path: string): FSWatcher[] {
  try {
    return [watch(path)];
  } catch {
    // It is not there yet, or has gone: its parent tells.
    return [];
  }
}

/** Waits until a file of that name lies at the root of one of a snapshotter's trees. */
async function unpacked(snapshots: string, name: string): Promise<void> {
  for (;;) {
    // Each is watched first and looked into then: nothing is missed.
    const watchers = watched(snapshots);
    try {
      const ids = readdirSync(snapshots).map((id) => join(snapshots, id));
      const directories = [...ids, ...ids.map((path) => join(path, 'fs'))];
      watchers.push(...directories.flatMap((path) => watched(path)));
      const changed = Promise.race(watchers.map((watcher) => once(watcher, 'change')));
      changed.catch(() => undefined);
      if (directories.some((path) => existsSync(join(path, name)))) return;
      await changed;
    } finally {
      for (const watcher of watchers) watcher.close();
    }
  }
}

/**
 * The data of ingests, and of the blob with that digest, that a daemon has open. What is noted beside the data is read at any time, for a moment.
 * @param kept descriptors of the blob that the store may have: it keeps what was read of late open for two seconds
 */
function openIngests({ pid }: DaemonUnderTest, { digest }: Layer, kept = 0): string[] {
  const hex = digest.replace('sha256:', '');
  const targets = readdirSync(`/proc/${String(pid)}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${String(pid)}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  const blobs = targets.filter((target) => target.includes(hex) && !target.includes('/ingest/')).slice(kept);
  return [...targets.filter((target) => /\/ingest\/.*\/data\b/.test(target)), ...blobs];
}

describe('layers that are unpacked while they are downloaded', () => {
  const directory = new TemporaryDirectory('arriving-');
  let images: Images;
  let server: HostileServer;
  let onLarge: (question: LayerQuestion) => Promise<void> | void;
  before(async () => {
    images = await Images.make(join(directory.path, 'layout'));
    server = await HostileServer.start((request, response) => {
      const [, repository = '', kind, object = ''] =
        /^\/v2\/([^/]+)\/(manifests|blobs)\/(.*)$/.exec(request.url ?? '') ?? [];
      if (kind === 'manifests') {
        const bytes = images.manifest(`${repository}:1`);
        const headers = { 'docker-content-digest': digestOf(bytes), 'content-type': manifestType };
        response.writeHead(200, { ...headers, 'content-length': bytes.length });
        return void response.end(request.method === 'HEAD' ? undefined : bytes);
      }
      const bytes = images.blob(object);
      if (bytes === undefined) return void response.writeHead(404).end();
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (object === images.large.digest) return void serve({ response, bytes, start });
      return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    });
  });
  /** What goes wrong with the test's own answer ends that answer. */
  async function serve(question: LayerQuestion): Promise<void> {
    try {
      await onLarge(question);
    } catch {
      question.response.destroy();
    }
  }

  after(async () => {
    await server[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const pull = (image: string, ...more: readonly string[]): string[] => [
    ...['image', 'pull', '--plain-http', ...more, `${server.host}/${image}`],
  ];

  function snapshotsOf({ root }: DaemonUnderTest, snapshotter = 'overlayfs'): string {
    return join(root, `io.containerd.snapshotter.v1.${snapshotter}`, 'snapshots');
  }

  /** The tree that the large layer came to. */
  async function treeOf(daemon: DaemonUnderTest, image: string): Promise<Record<string, string>> {
    await using calls = new DaemonCalls(daemon);
    const labels = new Map([['containerd.io/gc.root', 'test']]);
    const view = { snapshotter: 'overlayfs', key: 'looked-at', parent: snapshotOf(images, image), labels };
    const [mount] = (await calls.snapshots.view(view, calls.options)).mounts;
    await calls.snapshots.remove({ snapshotter: 'overlayfs', key: 'looked-at' }, calls.options);
    const lower = mount?.options.find((option) => option.startsWith('lowerdir='))?.slice('lowerdir='.length);
    return readTree(lower?.split(':')[0] ?? mount?.source ?? '');
  }

  /** The same, of a daemon that had everything at once. */
  async function expectedTree(image: string): Promise<Record<string, string>> {
    onLarge = (question) => void send(question, question.bytes.length).then(() => question.response.end());
    await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    await new Ctr(daemon).ok(pull(image));
    return await treeOf(daemon, image);
  }

  async function nothingIsLeft(daemon: DaemonUnderTest): Promise<void> {
    const ctr = new Ctr(daemon);
    assert.deepEqual((await ctr.ok(['snapshot', 'ls'])).trim().split('\n').slice(1), []);
    assert.equal((await ctr.ok(['leases', 'ls', '-q'])).trim(), '');
    assert.equal((await ctr.ok(['image', 'ls', '-q'])).trim(), '');
    assert.deepEqual(openIngests(daemon, images.large), []);
    await using calls = new DaemonCalls(daemon);
    assert.deepEqual(await unnamed(daemon, calls), []);
  }

  for (const image of ['single:1', 'double:1']) {
    test(`${image}: files are there before the registry has sent the last byte`, async () => {
      const expected = await expectedTree(image);
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
      const ctr = new Ctr(daemon);
      let seen = '';
      onLarge = async (question): Promise<void> => {
        await send(question, question.bytes.length - 1);
        await unpacked(snapshotsOf(daemon), 'file-0');
        seen = await ctr.ok(['snapshot', 'ls']);
        question.response.end(question.bytes.subarray(-1));
      };
      await ctr.ok(pull(image));
      assert.match(seen, /Active/);
      assert.doesNotMatch(seen, /Committed/);
      assert.match(await ctr.ok(['snapshot', 'ls']), new RegExp(`${snapshotOf(images, image)}.*Committed`));
      assert.deepEqual(await treeOf(daemon, image), expected);
      assert.deepEqual(openIngests(daemon, images.large), []);
      assert.equal(Object.keys(expected).length, 61);
    });

    test(`${image}: a registry that stalls holds back no other image, and its pull ends with its client`, async () => {
      const config = '[plugins."io.containerd.transfer.v1.local"]\nmax_concurrent_unpacks = 1\n';
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry', config });
      const ctr = new Ctr(daemon);
      const stalled = Promise.withResolvers<LayerQuestion>();
      onLarge = async (question): Promise<void> => {
        await send(question, question.bytes.length >> 1);
        stalled.resolve(question);
      };
      const waiting = await ctr.start(pull(image));
      const { response } = await stalled.promise;
      const closed = once(response, 'close');
      await unpacked(snapshotsOf(daemon), 'file-0');
      await ctr.ok(pull('other:1'));
      waiting.kill('SIGKILL');
      await waiting.exited;
      await closed;
      await ctr.ok(['image', 'rm', '--sync', `${server.host}/other:1`]);
      // That of the client, who could not drop it.
      for (const lease of (await ctr.ok(['leases', 'ls', '-q'])).trim().split('\n'))
        await ctr.ok(['leases', 'rm', '--sync', lease]);
      await nothingIsLeft(daemon);
    });

    const misdeeds: Record<string, [act: (question: LayerQuestion) => Promise<void>, expected: RegExp]> = {
      'sends other bytes after the first half': [
        async ({ bytes, ...question }) => {
          const half = bytes.length >> 1;
          await send(
            { ...question, bytes: Buffer.concat([bytes.subarray(0, half), Buffer.alloc(half, 'x')]) },
            half * 2,
          );
          question.response.end();
        },
        /layer-sha256:\w+: (?:unexpected commit digest|the registry sent)/,
      ],
      'resets in the middle of every answer': [
        async (question) => {
          await send(question, question.start + Math.min(9_000_000, (question.bytes.length - question.start) >> 1));
          question.response.destroy();
        },
        /layer-sha256:\w+: .*: unavailable/,
      ],
      'sends less than it should': [
        async ({ bytes, response, start }) => {
          await send(
            { bytes: bytes.subarray(0, Math.max(start, bytes.length - 5)), response, start },
            bytes.length - 5,
          );
          response.end();
        },
        /layer-sha256:\w+: the registry sent \d+ of \d+ bytes: unavailable/,
      ],
      'sends more than it should': [
        async ({ bytes, response, start }) => {
          const more = Buffer.concat([bytes, bytes.subarray(0, 1000)]);
          await send({ bytes: more, response, start }, more.length);
          response.end();
        },
        /layer-sha256:\w+: the registry sent more than the \d+ bytes expected: failed precondition/,
      ],
    };
    for (const [what, [act, expected]] of Object.entries(misdeeds)) {
      test(`${image}: a registry that ${what}`, async () => {
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
        onLarge = (question) => void act(question);
        const { code, stderr } = await new Ctr(daemon).run(pull(image));
        assert.equal(code, 1);
        assert.match(stderr, expected);
        await nothingIsLeft(daemon);
      });
    }

    test(`${image}: a registry that has the same files packed otherwise, so that only the blob's digest is wrong`, async () => {
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
      await using calls = new DaemonCalls(daemon);
      onLarge = async ({ bytes, ...question }): Promise<void> => {
        const others = Buffer.from(bytes);
        // RFC 1952: the time is not of the content.
        others.writeUInt32LE(1_700_000_000, 4);
        await send({ ...question, bytes: others }, bytes.length);
        question.response.end();
      };
      const stop = new AbortController();
      const filters = ['topic~="/snapshot/commit|/test/end"'];
      const events = calls.events.subscribe({ filters }, { signal: stop.signal });
      const first = events.next();
      const { code, stderr } = await new Ctr(daemon).run(pull(image));
      assert.equal(code, 1);
      assert.match(stderr, /layer-sha256:\w+: unexpected commit digest sha256:\w+, expected/);
      await calls.events.publish(
        { topic: '/test/end', event: { typeUrl: 'end', value: Buffer.alloc(0) } },
        calls.options,
      );
      assert.equal((await first).value?.topic, '/test/end');
      stop.abort();
      await nothingIsLeft(daemon);
    });

    test(`${image}: what an earlier pull left is gone on with, and begun anew when it is wrong`, async () => {
      const expected = await expectedTree(image);
      for (const left of ['right', 'wrong']) {
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
        const ctr = new Ctr(daemon);
        await using calls = new DaemonCalls(daemon);
        const [sent, cut] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        onLarge = async ({ bytes, ...question }): Promise<void> => {
          const wrong = Buffer.from(bytes);
          if (left === 'wrong') wrong.fill('x', 6_000_000, 7_000_000);
          // The client may go while this is still being sent.
          question.response.on('close', cut.resolve);
          // What is wrong comes when something has been unpacked: with it, that goes again.
          await send({ ...question, bytes: wrong }, 5_000_000);
          await unpacked(snapshotsOf(daemon), 'file-0');
          question.response.write(wrong.subarray(5_000_000, bytes.length >> 1), () => sent.resolve());
        };
        const first = await ctr.start(pull(image));
        await sent.promise;
        const kept = async (): Promise<boolean> => {
          const { statuses } = await calls.content.listStatuses({ filters: [] }, calls.options);
          return statuses.some(({ offset }) => offset > 7_000_000n);
        };
        while (!(await kept())) continue;
        first.kill('SIGKILL');
        await cut.promise;
        const starts: number[] = [];
        onLarge = (question) => {
          starts.push(question.start);
          void send(question, question.bytes.length).then(() => question.response.end());
        };
        await ctr.ok(pull(image));
        assert.ok((starts[0] ?? 0) > 0, 'nothing was resumed');
        assert.equal(starts.length, left === 'wrong' ? 2 : 1);
        assert.deepEqual(await treeOf(daemon, image), expected);
        assert.deepEqual(openIngests(daemon, images.large, 1), []);
      }
    });

    test(`${image}: a daemon that dies in the middle leaves what the next pull can use, and nothing else`, async () => {
      const expected = await expectedTree(image);
      await using daemon = await DaemonUnderTest.start({ kind: 'gantry' });
      const ctr = new Ctr(daemon);
      onLarge = (question) => void send(question, question.bytes.length - 1);
      const pulling = ctr.run(pull(image));
      await unpacked(snapshotsOf(daemon), 'file-0');
      await daemon.crashAndRestart();
      assert.notEqual((await pulling).code, 0);
      await using calls = new DaemonCalls(daemon);
      assert.deepEqual(await unnamed(daemon, calls), []);
      assert.doesNotMatch(await ctr.ok(['snapshot', 'ls']), /Committed/);
      onLarge = (question) => void send(question, question.bytes.length).then(() => question.response.end());
      await ctr.ok(pull(image));
      assert.deepEqual(await treeOf(daemon, image), expected);
      for (const lease of (await ctr.ok(['leases', 'ls', '-q'])).trim().split('\n')) {
        if (lease !== '') await ctr.ok(['leases', 'rm', '--sync', lease]);
      }
      assert.doesNotMatch(await ctr.ok(['snapshot', 'ls']), /Active/);
      assert.deepEqual(await unnamed(daemon, calls), []);
    });
  }

  test('a snapshotter whose layers depend on one another gets them in order, behind their downloads', async () => {
    await using daemon = await DaemonUnderTest.start({
      kind: 'gantry',
      config:
        '[[plugins."io.containerd.transfer.v1.local".unpack_config]]\nplatform = "linux/amd64"\nsnapshotter = "native"\n',
    });
    const snapshots = snapshotsOf(daemon, 'native');
    let seen = false;
    onLarge = async (question): Promise<void> => {
      await send(question, question.bytes.length - 1);
      await unpacked(snapshots, 'file-0');
      seen = true;
      question.response.end(question.bytes.subarray(-1));
    };
    await new Ctr(daemon).ok(pull('double:1', '--snapshotter', 'native'));
    assert.ok(seen);
  });
});
