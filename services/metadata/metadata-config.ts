import { KindError } from '../../pkg/errors/kind-error.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';

/** `[plugins."io.containerd.metadata.v1.bolt"]`. */
export interface MetadataConfig {
  /** Whether a namespace gets content that another one has without pushing it. */
  readonly contentSharingPolicy: 'shared' | 'isolated';
  /** Leaves out the sync of each batch: faster, and what was acknowledged last may be lost in a power cut. */
  readonly noSync: boolean;
}

/** Reads the plugin's table, with containerd's keys. */
export const metadataConfig: PluginConfig<MetadataConfig> = {
  defaults: { content_sharing_policy: 'shared', no_sync: false },
  parse(table) {
    const { content_sharing_policy: policy = 'shared', no_sync: noSync = false } = table;
    if (policy !== 'shared' && policy !== 'isolated')
      throw new KindError(
        'invalid-argument',
        `content_sharing_policy ${JSON.stringify(policy)}: want "shared" or "isolated"`,
      );
    if (typeof noSync !== 'boolean') throw new KindError('invalid-argument', 'no_sync: want true or false');
    return { contentSharingPolicy: policy, noSync };
  },
};
