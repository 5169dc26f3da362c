import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { metadataConfig } from './metadata-config.ts';
import { metadataDirectory, openMetadata } from './open-metadata.ts';

/** The daemon's database, in `<root>/io.containerd.metadata.v1.bolt/db`. */
export const metadataPlugin = definePlugin({
  token: databaseToken,
  requires: [],
  config: metadataConfig,
  async init(context) {
    const { contentSharingPolicy, noSync } = context.config;
    context.meta.exports.set('policy', contentSharingPolicy);
    context.meta.exports.set('path', metadataDirectory(context.root));
    const database = await openMetadata(context.root, { sync: !noSync, log: context.log });
    context.own(database);
    return database;
  },
});
