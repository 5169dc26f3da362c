import { isAbsolute } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import { parsePlatform } from '../../pkg/platforms/parse-platform.ts';
import type { PluginPlatform } from '../../pkg/plugin/plugin-context.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import { defaultSocketDirectory } from './shim-address.ts';
import { ownShim } from './shim-binary.ts';

/** What serves `io.containerd.runc.v2` unless the configuration says otherwise. */
const defaultRuncShim = ownShim;

/** A unix socket's path has 107 bytes, of which a slash and the 64 digits of a hash are spoken for. */
const maxSocketDirectory = 42;

/** `[plugins."io.containerd.shim.v1.manager"]`. */
export interface ShimManagerConfig {
  /** `NAME=value` each: what shims get on top of the daemon's environment. */
  readonly env: readonly string[];
  readonly socketDirectory: string;
  /** What serves `io.containerd.runc.v2`: the name of a binary, or an absolute path. */
  readonly runcShim: string;
}

/** `[plugins."io.containerd.runtime.v2.task"]`. */
export interface RuntimeConfig {
  /** What introspection shows. */
  readonly platforms: readonly PluginPlatform[];
}

/** Reads `env`, `socket_dir` and `runc_shim`. */
export const shimManagerConfig: PluginConfig<ShimManagerConfig> = {
  defaults: { env: [], socket_dir: defaultSocketDirectory, runc_shim: defaultRuncShim },
  parse(table) {
    const env = stringsOf(table['env'], 'env');
    const socketDirectory =
      table['socket_dir'] === '' ? defaultSocketDirectory : (table['socket_dir'] ?? defaultSocketDirectory);
    const valid = typeof socketDirectory === 'string' && isAbsolute(socketDirectory);
    if (!valid || Buffer.byteLength(socketDirectory) > maxSocketDirectory) {
      throw new KindError(
        'invalid-argument',
        `socket_dir must be an absolute path of at most ${maxSocketDirectory} bytes, not ${JSON.stringify(socketDirectory)}`,
      );
    }
    for (const setting of env) {
      if (!/^[^=\0]+=/.test(setting))
        throw new KindError('invalid-argument', `env: ${JSON.stringify(setting)} is not NAME=value`);
    }
    return { env, socketDirectory, runcShim: runcShimOf(table['runc_shim']) };
  },
};

/** Reads `platforms`. */
export const runtimeConfig: PluginConfig<RuntimeConfig> = {
  defaults: { platforms: [`${hostPlatform().os}/${hostPlatform().architecture}`] },
  parse: (table) => ({ platforms: stringsOf(table['platforms'], 'platforms').map(platformOf) }),
};

function stringsOf(value: unknown, key: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw new KindError('invalid-argument', `${key} must be a list of strings`);
}

function runcShimOf(value: unknown): string {
  if (value === undefined || value === '') return defaultRuncShim;
  if (typeof value === 'string' && (isAbsolute(value) || /^[A-Za-z0-9._-]+$/.test(value))) return value;
  const shown = JSON.stringify(value);
  throw new KindError('invalid-argument', `runc_shim must be a shim's name or its absolute path, not ${shown}`);
}

function platformOf(text: string): PluginPlatform {
  const { os, architecture, variant } = parsePlatform(text);
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}
