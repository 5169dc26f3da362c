import type { PluginRegistration } from './plugin-registration.ts';

/** A registration as the list of built-ins holds it, its types forgotten. */
export type AnyPlugin = Omit<PluginRegistration, 'init' | 'config'> & {
  readonly config?: PluginRegistration<unknown, never>['config'];
  init(context: never): unknown;
};

/** Checks a registration's types against its token and gives it to the list of built-ins. */
export function definePlugin<Export, Config = undefined>(registration: PluginRegistration<Export, Config>): AnyPlugin {
  return registration as AnyPlugin;
}
