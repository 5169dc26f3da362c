import { join } from 'node:path';
import type { RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { contentStoreToken } from '../content/content-store-token.ts';
import { diffServiceToken } from './diff-service-token.ts';
import type { DiffService } from './diff-service.ts';
import { ExtractPool } from './extract-pool.ts';
import { diffGrpc } from './grpc.ts';
import { OrderedDiffers } from './ordered-differs.ts';
import { TemporaryMounts } from './temporary-mounts.ts';
import { walkingDifferToken } from './walking-differ-token.ts';
import { WalkingDiffer } from './walking-differ.ts';

interface DiffConfig {
  /** The differs by name, in the order in which they are asked. */
  readonly order: readonly string[];
  /** Flush the filesystem after every layer. */
  readonly syncFs: boolean;
}

const key = `[plugins."${pluginTypes.service}.diff-service"]`;

/** containerd's table of the same plugin. */
const config: PluginConfig<DiffConfig> = {
  defaults: { default: ['walking'], sync_fs: false },
  parse: (table) => {
    const { default: order = ['walking'], sync_fs: syncFs = false } = table;
    if (!Array.isArray(order) || !order.every((id) => typeof id === 'string')) {
      throw new KindError('invalid-argument', `${key} default: a list of differs is needed`);
    }
    if (typeof syncFs !== 'boolean') throw new KindError('invalid-argument', `${key} sync_fs: true or false is needed`);
    return { order, syncFs };
  },
};

/** Differs that others brought. */
const differsToken = new PluginTypeToken<DiffService>(pluginTypes.differ);

/** The same plugin as {@link diffServiceToken}, with the differ that it made. */
const differsExportToken = new PluginToken<OrderedDiffers & { readonly walking: WalkingDiffer }>(
  diffServiceToken.type,
  diffServiceToken.id,
);

/**
 * The differs. The one of our own is made here and not by `differ.v1/walking`, as types require each other: it needs the content,
 * which is a service, so that a service that required it would close a circle.
 */
export const diffServicePlugin = definePlugin({
  token: differsExportToken,
  requires: [pluginTypes.service],
  after: [pluginTypes.differ],
  config,
  async init(context) {
    const { order, syncFs } = context.config;
    const others = context.getAll(differsToken);
    const mounts = new TemporaryMounts(join(context.daemon.root, 'tmpmounts'));
    await mounts.reconcile();
    const pool = new ExtractPool();
    context.own(pool);
    const { streamProcessors } = context.daemon;
    const walking = new WalkingDiffer(context.get(contentStoreToken), pool, mounts, syncFs, streamProcessors);
    const named = (id: string): DiffService => {
      const differ = id === walkingDifferToken.id ? walking : others.get(id);
      if (!differ) throw new KindError('not-found', `${key} default: differ "${id}"`);
      return differ;
    };
    return Object.assign(new OrderedDiffers(order.map(named)), { walking });
  },
});

/** `differ.v1/walking`: what the image unpackers ask for, and what clients list. */
export const walkingDifferPlugin = definePlugin({
  token: walkingDifferToken,
  requires: [pluginTypes.service],
  init(context) {
    context.meta.platforms.push({ os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch });
    return context.get(differsExportToken).walking;
  },
});

/** Layers over gRPC, for clients. */
export const diffGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'diff'),
  requires: [pluginTypes.service],
  init: (context) => [diffGrpc(context.get(diffServiceToken))],
});
