import type { Logger, LogLevel } from '../log/logger.ts';
import type { PluginToken } from './plugin-token.ts';
import type { PluginTypeToken } from './plugin-type-token.ts';
import type { StreamProcessor } from './stream-processor.ts';

/** A platform that a plugin serves, as introspection shows it. */
export interface PluginPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** What introspection tells of a plugin; filled in by its `init`. */
export interface PluginMeta {
  readonly platforms: PluginPlatform[];
  readonly exports: Map<string, string>;
  readonly capabilities: string[];
}

/** The daemon as every plugin may know it. */
export interface DaemonInfo {
  /** Directories: `root` survives a reboot, `state` does not. */
  readonly root: string;
  readonly state: string;
  /** The gRPC and the ttrpc socket's paths. */
  readonly address: string;
  readonly ttrpcAddress: string;
  /** The daemon's executable, for shims that call `publish`. */
  readonly executable: string;
  /** What `Version` answers. */
  readonly version: string;
  readonly revision: string;
  /** From which level on the daemon logs; what it starts and has a log of its own is told. */
  readonly logLevel: LogLevel;
  /** The `[timeouts]` of the configuration in milliseconds. */
  readonly timeouts: ReadonlyMap<string, number>;
  /** The `[stream_processors]` of the configuration by name, the defaults first; later ones are tried before. */
  readonly streamProcessors: ReadonlyMap<string, StreamProcessor>;
}

/** What a plugin gets to start with. */
export interface PluginContext<Config> {
  readonly config: Config;
  readonly daemon: DaemonInfo;
  /** This plugin's own directories, `<root|state>/<type>.<id>`; the plugin makes them if it needs them. */
  readonly root: string;
  readonly state: string;
  readonly log: Logger;
  readonly meta: PluginMeta;
  /**
   * Another plugin's export; its type must be among `requires`.
   * @throws KindError `not-found` when it is not registered or disabled, or what it failed with.
   */
  get<T>(token: PluginToken<T>): T;
  /** The exports of all plugins of a type that came up, by id. */
  getAll<T>(token: PluginTypeToken<T>): ReadonlyMap<string, T>;
  /** Every registered plugin and how it fared, for introspection; complete once all are up. */
  plugins(): readonly PluginStatus[];
  /** Hands over something to be disposed when the daemon stops, in reverse order. */
  own(resource: AsyncDisposable | Disposable): void;
}

/** How a plugin fared. */
export interface PluginStatus {
  readonly type: string;
  readonly id: string;
  readonly requires: readonly string[];
  readonly meta: PluginMeta;
  /** What its `init` threw; a {@link PluginSkipped} when it chose not to run. */
  readonly error?: unknown;
}
