import { mkdir } from 'node:fs/promises';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginSkipped } from '../../pkg/plugin/plugin-skipped.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Snapshotter } from '../snapshotter.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { DirectorySnapshotter } from '../storage/directory-snapshotter.ts';
import { overlayConfigDefaults, parseOverlayConfig, type OverlayConfig } from './overlay-config.ts';
import { OverlayLayout } from './overlay-layout.ts';
import { whyNoOverlay } from './overlay-support.ts';

/** Snapshots as layers of overlayfs; skipped where the filesystem or the kernel does not allow it. */
export const overlaySnapshotterPlugin = definePlugin<Snapshotter, OverlayConfig>({
  token: new PluginToken<Snapshotter>(pluginTypes.snapshotter, 'overlayfs'),
  requires: [pluginTypes.metadata],
  config: { defaults: overlayConfigDefaults, parse: parseOverlayConfig },
  async init(context) {
    const { config, log } = context;
    const root = config.rootPath || context.root;
    context.meta.exports.set('root', root);
    context.meta.capabilities.push('rebase');
    context.meta.platforms.push(hostPlatform());
    await mkdir(root, { recursive: true, mode: 0o700 });
    const reason = await whyNoOverlay(root);
    if (reason !== undefined) throw new PluginSkipped(reason);
    const { syncRemove } = config;
    const database = context.get(databaseToken);
    const snapshotter = await DirectorySnapshotter.open({
      root,
      database,
      layout: new OverlayLayout(config),
      syncRemove,
      log,
    });
    context.own(snapshotter);
    return snapshotter;
  },
});
