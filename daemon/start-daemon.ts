import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KindError } from '../pkg/errors/kind-error.ts';
import type { Logger } from '../pkg/log/logger.ts';
import type { AnyPlugin } from '../pkg/plugin/define-plugin.ts';
import { PluginGraph } from '../pkg/plugin/plugin-graph.ts';
import { pluginUri } from '../pkg/plugin/plugin-uri.ts';
import { proxyPlugins } from '../plugins/proxy/proxy-plugins.ts';
import type { Configuration } from './config/configuration.ts';
import { mergeTables } from './config/merge-tables.ts';
import { describeProcess } from './debug/describe-process.ts';
import { DaemonDirectories } from './directories.ts';
import { refuseBusySockets } from './refuse-busy-sockets.ts';
import { grpcServerToken } from './server-tokens.ts';
import type { DaemonVersion } from './version.ts';

/** What a daemon is started with. */
export interface DaemonOptions extends DaemonVersion {
  readonly configuration: Configuration;
  readonly plugins: readonly AnyPlugin[];
  readonly log: Logger;
  /** The program that shims call back with `publish`. */
  readonly executable: string;
}

/** A daemon that serves; disposing stops its plugins in reverse order. Containers run on. */
export class Daemon implements AsyncDisposable {
  /** The plugins and what they export. */
  readonly graph: PluginGraph;
  readonly #directories: DaemonDirectories;

  private constructor(graph: PluginGraph, directories: DaemonDirectories) {
    this.graph = graph;
    this.#directories = directories;
  }

  /**
   * Takes the directories, starts all plugins and listens. What was started is stopped again when it fails.
   *
   * @throws KindError for a configuration, a directory or a socket that cannot be used, and for a required plugin that fails.
   */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { configuration } = options;
    const graph = graphOf(options);
    await refuseBusySockets([configuration.address, configuration.ttrpcAddress]);
    const directories = await DaemonDirectories.take(configuration.root, configuration.state);
    const daemon = new Daemon(graph, directories);
    try {
      for (const address of [configuration.address, configuration.ttrpcAddress]) {
        if (address !== '') await mkdir(dirname(address), { recursive: true, mode: 0o711 });
      }
      await graph.start();
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
    return daemon;
  }

  /** Where it stands, for reports. */
  describe(): object {
    const plugins = this.graph.statuses();
    const up = plugins.some(
      ({ type, id, error }) => type === grpcServerToken.type && id === 'grpc' && error === undefined,
    );
    const calls = up ? this.graph.get(grpcServerToken).inFlight() : [];
    return describeProcess({ calls, plugins });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
    this.#directories[Symbol.dispose]();
  }
}

function graphOf({ configuration, plugins, log, executable, version, revision }: DaemonOptions): PluginGraph {
  const proxied = proxyPlugins(configuration.proxyPlugins);
  const { root, state, address, ttrpcAddress, logLevel, timeouts, streamProcessors } = configuration;
  return new PluginGraph({
    // First, as what uses others of its type looks at all of them.
    plugins: [...proxied, ...plugins],
    disabled: configuration.disabledPlugins,
    required: configuration.requiredPlugins,
    configure(plugin) {
      const uri = pluginUri(plugin);
      const table = mergeTables(plugin.config?.defaults ?? {}, configuration.plugins.get(uri) ?? {});
      try {
        return plugin.config?.parse(table);
      } catch (error) {
        if (!(error instanceof KindError)) throw error;
        const files = configuration.sourcesOf(uri).join(', ') || 'configuration';
        throw new KindError(error.kind, `${files}: plugins.'${uri}': ${error.detail}`, { cause: error });
      }
    },
    daemon: {
      ...{ root, state, address, ttrpcAddress, executable, version, revision },
      ...{ logLevel, timeouts, streamProcessors },
    },
    log,
  });
}
