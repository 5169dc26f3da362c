import { KindError } from '../../pkg/errors/kind-error.ts';
import { parsePlatform } from '../../pkg/platforms/parse-platform.ts';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import type { Platform } from '../../pkg/platforms/platform.ts';
import { splitDirectories } from './registry/open-registry.ts';

/** One pair of platform and snapshotter that images are unpacked for. */
export interface UnpackConfig {
  readonly platform: Platform;
  readonly snapshotter: string;
  /** The differ that unpacks; empty for any. */
  readonly differ: string;
  /** The media type of the configurations of such images; empty for those of ordinary images. */
  readonly configType: string;
  /** The media types of layers that go there; none for those of ordinary images. */
  readonly layerTypes: readonly string[];
  /** Left out silently when its snapshotter or differ is not there. */
  readonly optional: boolean;
}

/** The table of `io.containerd.transfer.v1.local`. */
export interface TransferConfig {
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploadedLayers: number;
  /** Bytes of the ranges that large layers are fetched in, so many at once as downloads may be; 0 for one go. */
  readonly concurrentLayerFetchBuffer: number;
  /** Layers of all images that are unpacked at once. */
  readonly maxConcurrentUnpacks: number;
  readonly checkPlatformSupported: boolean;
  /** The directories of `config_path`. */
  readonly configPath: readonly string[];
  readonly unpack: readonly UnpackConfig[];
}

/** Reads the table; unknown keys are left to the configuration's own check. */
export const transferConfig: PluginConfig<TransferConfig> = {
  defaults: {
    max_concurrent_downloads: 3,
    concurrent_layer_fetch_buffer: 0,
    max_concurrent_uploaded_layers: 3,
    check_platform_supported: false,
    config_path: '',
    // containerd's default is 1: layers side by side are what is new there and usual here.
    max_concurrent_unpacks: 4,
  },
  parse(table) {
    return {
      maxConcurrentDownloads: integer(table, 'max_concurrent_downloads'),
      maxConcurrentUploadedLayers: integer(table, 'max_concurrent_uploaded_layers'),
      concurrentLayerFetchBuffer: integer(table, 'concurrent_layer_fetch_buffer'),
      maxConcurrentUnpacks: Math.max(integer(table, 'max_concurrent_unpacks'), 1),
      checkPlatformSupported: table['check_platform_supported'] === true,
      configPath: splitDirectories(string(table, 'config_path')),
      unpack: unpackConfigs(table['unpack_config']),
    };
  },
};

function unpackConfigs(value: unknown): readonly UnpackConfig[] {
  if (value === undefined) {
    const any = { differ: '', configType: '', layerTypes: [] };
    return [{ platform: hostPlatform(), snapshotter: 'overlayfs', ...any, optional: true }];
  }
  if (!Array.isArray(value)) throw wrong('unpack_config', 'a list of tables');
  return value.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) throw wrong('unpack_config', 'a list of tables');
    const table = Object.fromEntries(Object.entries(entry));
    return {
      platform: parsePlatform(string(table, 'platform')),
      snapshotter: string(table, 'snapshotter'),
      differ: string(table, 'differ'),
      configType: string(table, 'config_type'),
      layerTypes: strings(table, 'layer_types'),
      optional: table['optional'] === true,
    };
  });
}

function integer(table: Readonly<Record<string, unknown>>, key: string): number {
  const value = table[key] ?? 0;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw wrong(key, 'a whole number');
  return number;
}

function string(table: Readonly<Record<string, unknown>>, key: string): string {
  const value = table[key] ?? '';
  if (typeof value !== 'string') throw wrong(key, 'a string');
  return value;
}

function strings(table: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const value = table[key] ?? [];
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw wrong(key, 'a list of strings');
  return value;
}

function wrong(key: string, want: string): KindError {
  return new KindError('invalid-argument', `io.containerd.transfer.v1.local: ${key}: want ${want}`);
}
