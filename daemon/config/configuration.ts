import type { LogLevel } from '../../pkg/log/logger.ts';
import type { StreamProcessor } from '../../pkg/plugin/stream-processor.ts';
import type { ProxyPlugin } from '../../plugins/proxy/proxy-plugin.ts';
import type { Table } from './table.ts';

/** What the command line says over the configuration. */
export interface ConfigurationOverrides {
  readonly root?: string | undefined;
  readonly state?: string | undefined;
  readonly address?: string | undefined;
  readonly level?: string | undefined;
}

/** The daemon's configuration, of whatever version its files are. */
export interface Configuration {
  readonly root: string;
  readonly state: string;
  /** TMPDIR of the daemon; empty for the one it was started with. */
  readonly temp: string;
  readonly disabledPlugins: readonly string[];
  readonly requiredPlugins: readonly string[];
  /** -1000 to 1000; 0 leaves it as it is. */
  readonly oomScore: number;
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
  /** Whether lines of the log carry the trace of the call that they belong to. */
  readonly logTraceId: boolean;
  readonly address: string;
  readonly ttrpcAddress: string;
  /** The cgroup to move to; empty for none. */
  readonly cgroup: string;
  /** Milliseconds. */
  readonly timeouts: ReadonlyMap<string, number>;
  readonly proxyPlugins: ReadonlyMap<string, ProxyPlugin>;
  readonly streamProcessors: ReadonlyMap<string, StreamProcessor>;
  /** What the files say of plugins, by `<type>.<id>`, without defaults. */
  readonly plugins: ReadonlyMap<string, Table>;
  /** All of it, as version 4. */
  readonly document: Table;
  /** What the log shall say of the configuration. */
  readonly warnings: readonly { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** The files that say something of a plugin. */
  sourcesOf(uri: string): readonly string[];
}
