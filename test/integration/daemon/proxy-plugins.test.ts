import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ContentDefinition } from '../../../api/gen/containerd/services/content/v1/content.ts';
import { DiffDefinition } from '../../../api/gen/containerd/services/diff/v1/diff.ts';
import { SnapshotsDefinition } from '../../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { Ctr } from '../../lab/ctr.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { ForwardingServer } from '../../lab/forwarding-server.ts';
import { images } from '../../lab/images.ts';
import { OciLayout } from '../../lab/oci-layout.ts';
import { TemporaryDirectory } from '../../lab/temporary-directory.ts';
import { uniqueName } from '../../lab/unique-name.ts';
import { untilHeard } from '../../lab/until-heard.ts';

function section(name: string, type: string, address: string): string {
  return `
[proxy_plugins.${name}]
  type = "${type}"
  address = "${address}"
  platform = "linux/arm64"
  capabilities = ["some-capability"]
  [proxy_plugins.${name}.exports]
    enable_remote_snapshot_annotations = "true"
`;
}

for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`proxy plugins of ${kind}`, () => {
    const stack = new AsyncDisposableStack();
    let archive = '';
    let daemon: DaemonUnderTest;
    let forwarding: ForwardingServer;
    before(async () => {
      const directory = stack.use(new TemporaryDirectory());
      const layout = new OciLayout(join(directory.path, 'layout'));
      await images['lab/busybox:1'](layout);
      archive = join(directory.path, 'image.tar');
      await layout.archive(archive);
      const behind = stack.use(await DaemonUnderTest.start({ kind: '2.1.9' }));
      const path = join(directory.path, 'proxy.sock');
      forwarding = stack.use(
        await ForwardingServer.start(behind, { path, definitions: [SnapshotsDefinition], snapshotter: 'overlayfs' }),
      );
      daemon = stack.use(await DaemonUnderTest.start({ kind, config: section('elsewhere', 'snapshot', path) }));
    });
    after(() => stack.disposeAsync());

    test('are listed with what the configuration says of them', async () => {
      const listed = await new Ctr(daemon).ok(['plugins', 'ls', '-d', 'id==elsewhere']);
      assert.match(listed, /Type: +io\.containerd\.snapshotter\.v1/);
      assert.match(listed, /Platforms: +linux\/arm64/);
      assert.match(listed, /^ +address +\S+proxy\.sock$/m);
      assert.match(listed, /^ +enable_remote_snapshot_annotations +true$/m);
      assert.match(listed, /Capabilities: +some-capability/);
    });

    test('give a container its root file system', async () => {
      const ctr = new Ctr(daemon, '1.7.24');
      await ctr.ok(['image', 'import', '--snapshotter', 'elsewhere', archive]);
      const image = (await ctr.ok(['image', 'ls', '-q'])).trim();
      const run = [
        'run',
        '--rm',
        '--snapshotter',
        'elsewhere',
        image,
        uniqueName('c'),
        'sh',
        '-c',
        untilHeard('echo it is $((6*7))'),
      ];
      assert.equal(await ctr.hear(run), 'it is 42\n');
      assert.match(await ctr.ok(['snapshots', '--snapshotter', 'elsewhere', 'ls']), /sha256:\w+ +Committed/);
      assert.ok(forwarding.calls.includes(`${daemon.namespace} /containerd.services.snapshots.v1.Snapshots/Prepare`));
      assert.doesNotMatch(await ctr.ok(['snapshots', 'ls']), /sha256/);
    });
  });
}

test('blobs behind a socket are pulled, unpacked by another differ, and run', async () => {
  using directory = new TemporaryDirectory();
  const layout = new OciLayout(join(directory.path, 'layout'));
  await images['lab/busybox:1'](layout);
  const archive = join(directory.path, 'image.tar');
  await layout.archive(archive);
  const path = join(directory.path, 'proxy.sock');
  await using behind = await DaemonUnderTest.start({ kind: '2.1.9' });
  const definitions = [ContentDefinition, DiffDefinition];
  await using forwarding = await ForwardingServer.start(behind, { path, definitions });
  const order = `[plugins."io.containerd.service.v1.diff-service"]\n  default = ["layers", "walking"]\n`;
  const config = `${section('blobs', 'content', path)}${section('layers', 'diff', path)}${order}`;
  const disabled = ['io.containerd.content.v1.content'];
  await using daemon = await DaemonUnderTest.start({ kind: 'gantry', config, disabled });
  const ctr = new Ctr(daemon, '1.7.24');
  await ctr.ok(['image', 'import', archive]);
  const image = (await ctr.ok(['image', 'ls', '-q'])).trim();
  assert.equal(await ctr.ok(['run', '--rm', image, uniqueName('c'), 'echo', 'hello']), 'hello\n');
  assert.ok(forwarding.calls.includes(`${daemon.namespace} /containerd.services.diff.v1.Diff/Apply`));
  // The differ of our own, from a store that keeps no files.
  await ctr.ok(['image', 'rm', '--sync', image]);
  const newer = new Ctr(daemon);
  await newer.ok(['image', 'import', archive]);
  assert.equal(await newer.ok(['run', '--rm', image, uniqueName('c'), 'echo', 'again']), 'again\n');
});

describe('a proxy plugin that takes connections and never answers', () => {
  const stack = new AsyncDisposableStack();
  let daemon: DaemonUnderTest;
  const sockets = new Set<Socket>();
  before(async () => {
    const directory = stack.use(new TemporaryDirectory());
    const path = join(directory.path, 'hung.sock');
    const server = createServer((socket) => {
      sockets.add(socket);
      // What comes is read and never answered.
      socket.resume();
      socket.on('error', () => undefined);
    });
    stack.defer(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    server.listen(path);
    await once(server, 'listening');
    const config = ['snapshot', 'diff', 'sandbox'].map((type) => section(`hung-${type}`, type, path)).join('');
    daemon = stack.use(await DaemonUnderTest.start({ kind: 'gantry', config }));
  });
  after(() => stack.disposeAsync());

  test('holds up its own requests alone, and they can be given up', async () => {
    const ctr = new Ctr(daemon);
    const hung = await ctr.start(['snapshots', '--snapshotter', 'hung-snapshot', 'prepare', 'key']);
    assert.ok((await ctr.ok(['snapshots', 'ls'])).startsWith('KEY'));
    await ctr.ok(['snapshots', 'prepare', 'other']);
    await ctr.ok(['snapshots', 'rm', 'other']);
    await ctr.ok(['content', 'ls']);
    await using client = new GrpcClient(() => connect(daemon.address));
    const snapshots = rpcClient(client, SnapshotsDefinition);
    const request = { snapshotter: 'hung-snapshot', key: 'mine', parent: '', labels: new Map() };
    const scope = { namespace: daemon.namespace };
    await assert.rejects(snapshots.prepare(request, { ...scope, timeout: 200 }), { kind: 'deadline-exceeded' });
    const abort = new AbortController();
    const second = snapshots.prepare(request, { ...scope, signal: abort.signal });
    abort.abort();
    await assert.rejects(second, { kind: 'canceled' });
    // Its key was let go: a third one waits for the proxy and for nothing else.
    await assert.rejects(snapshots.prepare(request, { ...scope, timeout: 200 }), { kind: 'deadline-exceeded' });
    hung.kill('SIGTERM');
    await hung.exited;
  });

  test('is no obstacle to a start or a stop', async () => {
    assert.equal((await daemon.kill('SIGTERM'))?.code, 0);
    await daemon.start();
    await new Ctr(daemon).ok(['version']);
  });
});

test('a proxy plugin whose socket nobody listens on is unavailable, until somebody does', async () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'later.sock');
  await using daemon = await DaemonUnderTest.start({ kind: 'gantry', config: section('later', 'snapshot', path) });
  await using behind = await DaemonUnderTest.start({ kind: 'gantry' });
  const ctr = new Ctr(daemon);
  const { code, stderr } = await ctr.run(['snapshots', '--snapshotter', 'later', 'prepare', 'key']);
  assert.equal(code, 1);
  assert.match(stderr, /ENOENT.*later\.sock.*unavailable/);
  const forwarding = { path, definitions: [SnapshotsDefinition], snapshotter: 'native' };
  await using _server = await ForwardingServer.start(behind, forwarding);
  await ctr.ok(['snapshots', '--snapshotter', 'later', 'prepare', 'key']);
});

test('a proxy plugin that hangs after a while holds up nobody who waits for a garbage collection for ever', async () => {
  using directory = new TemporaryDirectory();
  const path = join(directory.path, 'proxy.sock');
  await using behind = await DaemonUnderTest.start({ kind: 'gantry' });
  await using daemon = await DaemonUnderTest.start({ kind: 'gantry', config: section('hangs', 'snapshot', path) });
  const ctr = new Ctr(daemon);
  {
    const forwarding = { path, definitions: [SnapshotsDefinition], snapshotter: 'native' };
    await using _server = await ForwardingServer.start(behind, forwarding);
    await ctr.ok(['snapshots', '--snapshotter', 'hangs', 'prepare', 'key']);
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.resume().on('error', () => undefined)));
  server.listen(path);
  await once(server, 'listening');
  try {
    await ctr.ok(['snapshots', '--snapshotter', 'hangs', 'rm', 'key']);
    await ctr.ok(['leases', 'create', '--id', 'lease']);
    await ctr.ok(['leases', 'rm', '--sync', 'lease']);
    assert.match(daemon.log, /garbage collection left files.*snapshotter hangs/);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
