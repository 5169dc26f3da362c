import { join } from 'node:path';
import { KindError } from '../errors/kind-error.ts';
import type { Logger } from '../log/logger.ts';
import type { AnyPlugin } from './define-plugin.ts';
import type { DaemonInfo, PluginContext, PluginMeta, PluginStatus } from './plugin-context.ts';
import { PluginSkipped } from './plugin-skipped.ts';
import type { PluginToken } from './plugin-token.ts';
import type { PluginTypeToken } from './plugin-type-token.ts';
import { pluginUri } from './plugin-uri.ts';
import { sortPlugins } from './sort-plugins.ts';

/** What a {@link PluginGraph} starts from. */
export interface PluginGraphOptions {
  readonly plugins: readonly AnyPlugin[];
  /** `<type>.<id>` of plugins that shall not run, and of those without which the daemon must not. */
  readonly disabled?: Iterable<string>;
  readonly required?: Iterable<string>;
  /** Gives what a plugin's table of the configuration says, parsed; without it all have their defaults. */
  readonly configure?: (plugin: AnyPlugin) => unknown;
  readonly daemon: DaemonInfo;
  readonly log: Logger;
}

/** A plugin that `init` was called on: its export, or what it failed with. */
interface Started {
  readonly plugin: AnyPlugin;
  readonly status: PluginStatus;
  readonly failed: boolean;
  readonly exported: unknown;
}

/**
 * Starts plugins in the order of what they require, and stops them in reverse.
 *
 * A plugin that fails is logged and left out, with those that `get` its export, unless it is required; one that throws
 * {@link PluginSkipped} chose to stay out. What a plugin acquired is disposed when it fails, or when the graph is.
 *
 * @example
 * await using graph = new PluginGraph({ plugins: builtins, daemon, log });
 * await graph.start();
 */
export class PluginGraph implements AsyncDisposable {
  readonly #options: PluginGraphOptions;
  readonly #required: ReadonlySet<string>;
  readonly #plugins: readonly { readonly plugin: AnyPlugin; readonly config: unknown }[];
  readonly #started = new Map<string, Started>();
  readonly #resources: { readonly uri: string; readonly resource: AsyncDisposable | Disposable }[] = [];

  /**
   * Sorts, and reads every plugin's configuration, so that a mistake in it is found before anything is touched.
   *
   * @throws KindError `invalid-argument` for a circle of requirements (it names the circle) and for a bad configuration,
   * `already-exists` for two plugins of one name, `not-found` when a required one is not there or disabled.
   */
  constructor(options: PluginGraphOptions) {
    this.#options = options;
    this.#required = new Set(options.required);
    const disabled = new Set(options.disabled);
    const enabled = options.plugins.filter((plugin) => !disabled.has(pluginUri(plugin)));
    const uris = new Set(enabled.map(pluginUri));
    for (const uri of this.#required) {
      if (!uris.has(uri)) throw new KindError('not-found', `required plugin "${uri}" is not included or disabled`);
    }
    const configure = options.configure ?? defaultConfig;
    this.#plugins = sortPlugins(enabled).map((plugin) => ({ plugin, config: configure(plugin) }));
  }

  /** @throws KindError `failed-precondition` when a required plugin does not come up. */
  async start(): Promise<void> {
    for (const { plugin, config } of this.#plugins) await this.#startOne(plugin, config);
  }

  /** The export of a plugin that is up. @throws KindError `not-found`, or what the plugin failed with. */
  get<T>(token: PluginToken<T>): T {
    const started = this.#started.get(`${token.type}.${token.id}`);
    if (!started) throw new KindError('not-found', `plugin "${token.type}.${token.id}"`);
    if (started.failed) throw started.status.error;
    return started.exported as T;
  }

  /** How the plugins fared, in the order of their start. */
  statuses(): readonly PluginStatus[] {
    return Array.from(this.#started.values(), (started) => started.status);
  }

  /** Disposes all that the plugins acquired, the last first; a failure is logged and holds nothing up. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose();
  }

  async #startOne(plugin: AnyPlugin, config: unknown): Promise<void> {
    const uri = pluginUri(plugin);
    const { type, id } = plugin.token;
    const log = this.#options.log.with({ id: uri, type });
    log.info('loading plugin');
    const meta: PluginMeta = { platforms: [], exports: new Map(), capabilities: [] };
    const status = { type, id, requires: plugin.requires, meta };
    const context = this.#contextOf(plugin, config, meta);
    try {
      const exported: unknown = await plugin.init(context as never);
      this.#started.set(uri, { plugin, status, failed: false, exported });
    } catch (error) {
      this.#started.set(uri, { plugin, status: { ...status, error }, failed: true, exported: undefined });
      await this.#dispose(uri);
      if (error instanceof PluginSkipped) log.info('skip loading plugin', { error });
      else log.warn('failed to load plugin', { error });
      if (this.#required.has(uri)) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new KindError('failed-precondition', `load required plugin "${uri}": ${reason}`, { cause: error });
      }
    }
  }

  #contextOf(plugin: AnyPlugin, config: unknown, meta: PluginMeta): PluginContext<unknown> {
    const uri = pluginUri(plugin);
    const { daemon, log } = this.#options;
    const checked = (type: string): void => {
      const { requires, after = [], later = [] } = plugin;
      if (![...requires, ...after, ...later].some((known) => known === type)) {
        throw new KindError('internal', `plugin "${uri}" asks for "${type}", which it does not require`);
      }
    };
    return {
      config,
      daemon,
      root: join(daemon.root, uri),
      state: join(daemon.state, uri),
      log: log.with({ plugin: uri }),
      meta,
      get: (token) => {
        checked(token.type);
        return this.get(token);
      },
      getAll: <T>(token: PluginTypeToken<T>) => {
        checked(token.type);
        return this.#all(token);
      },
      plugins: () => this.statuses(),
      own: (resource) => this.#resources.push({ uri, resource }),
    };
  }

  #all<T>(token: PluginTypeToken<T>): ReadonlyMap<string, T> {
    const found = new Map<string, T>();
    for (const { plugin, failed, exported } of this.#started.values()) {
      if (plugin.token.type === token.type && !failed) found.set(plugin.token.id, exported as T);
    }
    return found;
  }

  /** Of one plugin, or of all. */
  async #dispose(only?: string): Promise<void> {
    for (;;) {
      const index = this.#resources.findLastIndex(({ uri }) => only === undefined || uri === only);
      const [last] = index < 0 ? [] : this.#resources.splice(index, 1);
      if (!last) return;
      try {
        if (Symbol.asyncDispose in last.resource) await last.resource[Symbol.asyncDispose]();
        else last.resource[Symbol.dispose]();
      } catch (error) {
        this.#options.log.error('failed to close plugin', { id: last.uri, error });
      }
    }
  }
}

function defaultConfig({ config }: AnyPlugin): unknown {
  return config?.parse(config.defaults);
}
