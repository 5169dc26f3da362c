import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packAny } from '../../api/any/pack-any.ts';
import { ImageStore, OCIRegistry } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { exportImage } from '../lab/export-image.ts';
import { images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { ProgressStream } from '../lab/progress-stream.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

// The real containerd comes first: it judges what is expected.
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`images through the transfer service of ${kind}`, () => {
    const directory = new TemporaryDirectory();
    let registry: Registry;
    let busybox: string;
    let layers: string;
    before(async () => {
      const layout = new OciLayout(join(directory.path, 'layout'));
      await images['lab/busybox:1'](layout);
      await images['lab/layers:127'](layout);
      registry = await Registry.start();
      busybox = await registry.push(layout, 'lab/busybox:1');
      layers = await registry.push(layout, 'lab/layers:127');
    });
    after(async () => {
      await registry[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });

    test('pull shows its progress and leaves labels, snapshots and no lease', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      const shown = await ctr.ok(['image', 'pull', '--plain-http', busybox]);
      assert.match(shown, /└──manifest \([0-9a-f]{12}\)/);
      assert.match(shown, /├──config \([0-9a-f]{12}\)/);
      const content = await ctr.ok(['content', 'ls']);
      assert.match(content, /containerd\.io\/gc\.ref\.content\.config=sha256:/);
      assert.match(content, /containerd\.io\/gc\.ref\.content\.l\.0=sha256:/);
      assert.match(content, /containerd\.io\/gc\.ref\.snapshot\.overlayfs=sha256:/);
      assert.match(content, /containerd\.io\/uncompressed=sha256:/);
      assert.match(content, /containerd\.io\/distribution\.source\.127\.0\.0\.1=lab\/busybox/);
      assert.equal((await ctr.ok(['leases', 'ls', '-q'])).trim(), '');
      assert.match(await ctr.ok(['image', 'check']), /complete \(2\/2\).* true/);
    });

    test('a pull tells how it goes, to the end', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using calls = new DaemonCalls(daemon);
      await using progress = await ProgressStream.open(calls);
      const source = OCIRegistry.fromPartial({ reference: busybox, resolver: { defaultScheme: 'http' } });
      const request = {
        source: packAny('containerd.types.transfer.OCIRegistry', OCIRegistry, source),
        destination: packAny(
          'containerd.types.transfer.ImageStore',
          ImageStore,
          ImageStore.fromPartial({ name: busybox }),
        ),
        options: { progressStream: progress.id },
      };
      await calls.transfer.transfer(request, calls.options);
      const { name } = await progress.until(({ event }) => event === 'saved');
      assert.equal(name, busybox);
      const { event } = await progress.until(() => true);
      assert.match(event, new RegExp(`^Completed pull from.*${busybox}`));
      // Containerd tells of blobs now and then, and may be done before it comes to it.
      if (kind !== 'gantry') return;
      const complete = progress.told.filter((each) => each.event === 'complete').map((each) => each.desc?.digest);
      const [image] = (await calls.images.list({ filters: [] }, calls.options)).images;
      assert.equal(new Set(complete).size, 3);
      assert.equal(complete[0], image?.target?.digest);
    });

    test('the same image is pulled by four at once', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      await Promise.all([1, 2, 3, 4].map(async () => await ctr.ok(['image', 'pull', '--plain-http', layers])));
      assert.match(await ctr.ok(['image', 'check']), /complete \(128\/128\).* true/);
      const snapshots = (await ctr.ok(['snapshots', 'ls'])).trim().split('\n').slice(1);
      assert.equal(snapshots.length, 127);
      assert.ok(snapshots.every((line) => line.includes('Committed')));
    });

    test('tag, push, export and import', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      const archive = join(directory.path, `${kind}.tar`);
      await ctr.ok(['image', 'pull', '--plain-http', busybox]);
      await ctr.ok(['image', 'tag', busybox, 'lab.test/copy:1']);
      await ctr.ok(['image', 'push', '--plain-http', `${registry.host}/copy/of:2`, 'lab.test/copy:1']);
      await using calls = new DaemonCalls(daemon);
      await exportImage(calls, archive, 'lab.test/copy:1');
      // The client may leave before all is written: what it wrote is how the archive begins.
      const byCtr = `${archive}-by-ctr`;
      await ctr.ok(['image', 'export', '--platform', 'linux/amd64', byCtr, 'lab.test/copy:1']);
      const part = readFileSync(byCtr);
      assert.ok(part.length > 0 && readFileSync(archive).subarray(0, part.length).equals(part));
      await ctr.ok(['image', 'rm', '--sync', busybox, 'lab.test/copy:1']);
      await ctr.ok(['image', 'import', archive]);
      await ctr.ok(['image', 'pull', '--plain-http', `${registry.host}/copy/of:2`]);
      assert.deepEqual((await ctr.ok(['image', 'ls', '-q'])).trim().split('\n'), [
        `${registry.host}/copy/of:2`,
        'lab.test/copy:1',
      ]);
      const index = JSON.parse(tarFile(archive, 'index.json')) as Index;
      assert.equal(index.manifests[0]?.annotations['io.containerd.image.name'], 'lab.test/copy:1');
    });

    test('failures name the image', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      const ctr = new Ctr(daemon);
      const missing = await ctr.run(['image', 'pull', '--plain-http', `${registry.host}/lab/none:1`]);
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, new RegExp(`failed to resolve image: ${registry.host}/lab/none:1: not found`));
      const elsewhere = await ctr.run(['image', 'pull', '--plain-http', '--snapshotter', 'none', busybox]);
      assert.match(elsewhere.stderr, /no unpack platforms defined.*: invalid argument/);
      assert.equal((await ctr.ok(['leases', 'ls', '-q'])).trim(), '');
    });
  });
}

interface Index {
  readonly manifests: readonly { readonly annotations: Readonly<Record<string, string>> }[];
}

/** A small file of a tar, by its name. */
function tarFile(archive: string, name: string): string {
  const bytes = readFileSync(archive);
  for (let at = 0; at < bytes.length;) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    const found = bytes.toString('latin1', at, at + name.length + 1) === `${name}\0`;
    if (found) return bytes.toString('utf8', at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${archive} has no ${name}`);
}
