import type { AnyPlugin } from './define-plugin.ts';

/** `<type>.<id>`: how configurations and directories name a plugin. */
export function pluginUri(plugin: Pick<AnyPlugin, 'token'>): string {
  return `${plugin.token.type}.${plugin.token.id}`;
}
