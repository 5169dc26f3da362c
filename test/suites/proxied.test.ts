import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { ContentDefinition } from '../../api/gen/containerd/services/content/v1/content.ts';
import { SnapshotsDefinition } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { ProxyContentStore } from '../../plugins/proxy/proxy-content-store.ts';
import { ProxySnapshotter } from '../../plugins/proxy/proxy-snapshotter.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { ForwardingServer } from '../lab/forwarding-server.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { contentStoreSuite } from './content-store-suite.ts';
import { leasedNamespaces } from './leased-namespaces.ts';
import { snapshotterSuite } from './snapshotter-suite.ts';

/** Our daemon, whose content and a snapshotter are another daemon's, behind a socket. */
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`through proxy plugins, by ${kind}`, () => {
    const stack = new AsyncDisposableStack();
    let transport: GrpcClient | undefined;
    before(async () => {
      const directory = stack.use(new TemporaryDirectory());
      const behind = stack.use(await DaemonUnderTest.start({ kind }));
      const path = join(directory.path, 'proxy.sock');
      const definitions = [ContentDefinition, SnapshotsDefinition];
      stack.use(await ForwardingServer.start(behind, { path, definitions, snapshotter: 'overlayfs' }));
      const config = `
[proxy_plugins.elsewhere]
  type = "snapshot"
  address = "${path}"
[proxy_plugins.blobs]
  type = "content"
  address = "unix://${path}"
`;
      const disabled = ['io.containerd.content.v1.content'];
      const daemon = stack.use(await DaemonUnderTest.start({ kind: 'gantry', config, disabled }));
      transport = stack.use(new GrpcClient(() => connect(daemon.address)));
    });
    after(() => stack.disposeAsync());
    const fresh = async () => {
      if (!transport) throw new Error('no daemon');
      const { transport: leased, ...scopes } = await leasedNamespaces(transport);
      return { transport: leased, fixture: { ...scopes, async [Symbol.asyncDispose]() {} } };
    };
    const ours = kind === 'gantry';
    const content = { labels: true, namespaces: true, file: false, sha512: ours };
    contentStoreSuite(`behind ${kind}`, content, async () => {
      const { transport, fixture } = await fresh();
      return { store: new ProxyContentStore(transport), ...fixture };
    });
    const supports = { rebase: ours, namespaces: true, ownUsage: true, cleanup: ours, typedErrors: ours };
    snapshotterSuite(`behind ${kind}`, supports, async () => {
      const { transport, fixture } = await fresh();
      return { snapshotter: new ProxySnapshotter(transport, 'elsewhere'), ...fixture };
    });
  });
}
