import type { PluginContext } from './plugin-context.ts';
import type { PluginToken } from './plugin-token.ts';
import type { PluginType } from './plugin-type.ts';

/**
 * Reads a plugin's table of the configuration.
 *
 * `defaults` is what `config default` prints; `parse` gets the merged table (defaults, file, imports) and
 * returns the typed value.
 * @throws KindError `invalid-argument`, naming the key, from `parse`.
 */
export interface PluginConfig<Config> {
  readonly defaults: Readonly<Record<string, unknown>>;
  parse(table: Readonly<Record<string, unknown>>): Config;
}

/**
 * A plugin: a value in the list of built-ins; importing its file does nothing.
 *
 * The graph sorts registrations by `requires`, which names types: all plugins of a required type are up, skipped or failed before
 * `init` runs. `init` returns the export that tokens of this type and id give. When it throws, the daemon goes
 * on without the plugin and without those that `get` its export, unless the configuration requires it.
 * What `init` acquires it hands to `context.own`; those are disposed in reverse order.
 *
 * @example
 * export const imagesPlugin = definePlugin({
 *   token: imageStoreToken,
 *   requires: [pluginTypes.metadata, pluginTypes.event],
 *   init: (context) => new ImageStore(context.get(databaseToken), context.get(eventExchangeToken)),
 * });
 */
export interface PluginRegistration<Export = unknown, Config = unknown> {
  readonly token: PluginToken<Export>;
  readonly requires: readonly PluginType[];
  /** Types whose plugins are up before it as well, except those that cannot be as they need this one. `getAll` gives what there is. */
  readonly after?: readonly PluginType[];
  /** Types whose plugins it asks for once all are up, with `getAll`; they may come before it or after it. */
  readonly later?: readonly PluginType[];
  readonly config?: PluginConfig<Config>;
  init(context: PluginContext<Config>): Promise<Export> | Export;
}
