import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ImageVerifier } from '../../services/transfer/image-verifier.ts';
import { DirectoryVerifier } from './directory-verifier.ts';

/** Verifies images with the programs of a directory. */
export const imageVerifierPlugin = definePlugin({
  token: new PluginToken<ImageVerifier>(pluginTypes.imageVerifier, 'bindir'),
  requires: [],
  config: {
    defaults: {
      bin_dir: '/opt/containerd/image-verifier/bin',
      max_verifiers: 10,
      per_verifier_timeout: '10s',
    },
    parse(values) {
      const table = new ConfigTable(values);
      return {
        directory: table.string('bin_dir'),
        maxVerifiers: table.integer('max_verifiers', { min: Number.MIN_SAFE_INTEGER }),
        timeout: table.duration('per_verifier_timeout'),
      };
    },
  },
  init: ({ config, log }) => new DirectoryVerifier(config, log),
});
