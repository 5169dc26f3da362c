import { connect } from 'node:net';
import { after, before, describe } from 'node:test';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { ProxyContentStore } from '../../plugins/proxy/proxy-content-store.ts';
import { ProxySnapshotter } from '../../plugins/proxy/proxy-snapshotter.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { contentStoreSuite } from './content-store-suite.ts';
import { leasedNamespaces } from './leased-namespaces.ts';
import { snapshotterSuite } from './snapshotter-suite.ts';

/** Each test gets a namespace of its own in one daemon. */
for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`over the socket of ${kind}`, () => {
    let daemon: DaemonUnderTest;
    let transport: (RpcTransport & AsyncDisposable) | undefined;
    before(async () => {
      daemon = await DaemonUnderTest.start({ kind });
      transport = new GrpcClient(() => connect(daemon.address));
    });
    after(async () => {
      await transport?.[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });
    const fresh = async () => {
      if (!transport) throw new Error('no daemon');
      const { transport: leased, ...scopes } = await leasedNamespaces(transport);
      return { transport: leased, fixture: { ...scopes, async [Symbol.asyncDispose]() {} } };
    };
    const ours = kind === 'gantry';
    const content = { labels: true, namespaces: true, file: false, sha512: ours };
    contentStoreSuite(kind, content, async () => {
      const { transport, fixture } = await fresh();
      return { store: new ProxyContentStore(transport), ...fixture };
    });
    for (const name of ['overlayfs', 'native']) {
      const overlay = name === 'overlayfs';
      const supports = {
        rebase: overlay && ours,
        namespaces: true,
        ownUsage: overlay,
        cleanup: ours,
        typedErrors: ours,
      };
      snapshotterSuite(`${kind}, ${name}`, supports, async () => {
        const { transport, fixture } = await fresh();
        return { snapshotter: new ProxySnapshotter(transport, name), ...fixture };
      });
    }
  });
}
