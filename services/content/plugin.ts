import type { RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginStatus } from '../../pkg/plugin/plugin-context.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { cleanBackend } from '../gc/clean-backend.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { blobsTable } from '../metadata/blobs-table.ts';
import { ingestsTable } from '../metadata/ingests-table.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { contentStoreToken } from './content-store-token.ts';
import type { ContentStore } from './content-store.ts';
import { contentGrpc } from './grpc.ts';
import { localContentStoreToken } from './local-content-store-token.ts';
import { LocalContentStore } from './local/local-content-store.ts';
import { openNamespacedContent } from './namespaced/open-namespaced-content.ts';

/** The stores themselves, without namespaces. */
const contentBackendsToken = new PluginTypeToken<ContentStore>(pluginTypes.content);

/** The store on disk, in `<root>/io.containerd.content.v1.content`. */
export const localContentPlugin = definePlugin({
  token: localContentStoreToken,
  requires: [],
  async init(context) {
    context.meta.exports.set('root', context.root);
    return await LocalContentStore.open(context.root);
  },
});

/** The content of all namespaces. */
export const contentStorePlugin = definePlugin({
  token: contentStoreToken,
  requires: [pluginTypes.content, pluginTypes.metadata, pluginTypes.event, pluginTypes.gc],
  async init(context) {
    const parts = {
      backend: onlyStore(context.getAll(contentBackendsToken)),
      database: context.get(databaseToken),
      events: context.get(eventExchangeToken),
      policy: sharingPolicy(context.plugins()),
    };
    const store = await openNamespacedContent(parts, context.log);
    const registration = context.get(garbageCollectorToken).registerBackend({
      name: 'content',
      keeps: (table) => table === blobsTable.name || table === ingestsTable.name,
      async cleanup(gone) {
        const digests = gone?.filter(({ table }) => table === blobsTable.name).map(({ key }) => key);
        await cleanBackend(parts.backend.remote === true, (scope) =>
          digests ? store.removeUnlinked(scope, digests) : store.cleanup(scope),
        );
      },
    });
    context.own(registration);
    return store;
  },
});

/** Content over gRPC, for clients. */
export const contentGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'content'),
  requires: [pluginTypes.service],
  init: (context) => [contentGrpc(context.get(contentStoreToken))],
});

/** Blobs are in one place: whoever has them behind a socket disables the store on disk. */
function onlyStore(stores: ReadonlyMap<string, ContentStore>): ContentStore {
  const [only, ...others] = stores.values();
  if (only && others.length === 0) return only;
  const names = [...stores.keys()].map((id) => `"${pluginTypes.content}.${id}"`).join(', ');
  const found = only ? `there are ${names}: disable all but one` : 'there is none';
  throw new KindError('failed-precondition', `one content store is needed, ${found}`);
}

/** The policy is a setting of the metadata plugin, which exports it for clients too. */
function sharingPolicy(plugins: readonly PluginStatus[]): 'shared' | 'isolated' {
  const metadata = plugins.find(({ type, id }) => type === databaseToken.type && id === databaseToken.id);
  return metadata?.meta.exports.get('policy') === 'isolated' ? 'isolated' : 'shared';
}
