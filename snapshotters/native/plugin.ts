import { KindError } from '../../pkg/errors/kind-error.ts';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Snapshotter } from '../snapshotter.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { DirectorySnapshotter } from '../storage/directory-snapshotter.ts';
import { NativeLayout } from './native-layout.ts';

/** The plugin's settings, with containerd's names. */
export interface NativeConfig {
  /** Where the snapshots are; empty for the plugin's own directory. */
  readonly rootPath: string;
}

/** Snapshots as whole copies. */
export const nativeSnapshotterPlugin = definePlugin<Snapshotter, NativeConfig>({
  token: new PluginToken<Snapshotter>(pluginTypes.snapshotter, 'native'),
  requires: [pluginTypes.metadata],
  config: {
    defaults: { root_path: '' },
    parse({ root_path: rootPath = '' }) {
      if (typeof rootPath === 'string' && (rootPath === '' || rootPath.startsWith('/'))) return { rootPath };
      throw new KindError('invalid-argument', 'snapshotter native: "root_path" must be an absolute path or empty');
    },
  },
  async init(context) {
    const root = context.config.rootPath || context.root;
    context.meta.exports.set('root', root);
    context.meta.platforms.push(hostPlatform());
    const { log } = context;
    const database = context.get(databaseToken);
    const layout = new NativeLayout();
    const snapshotter = await DirectorySnapshotter.open({ root, database, layout, syncRemove: false, log });
    context.own(snapshotter);
    return snapshotter;
  },
});
