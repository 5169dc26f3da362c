import { KindError } from '../errors/kind-error.ts';
import type { AnyPlugin } from './define-plugin.ts';
import { pluginUri } from './plugin-uri.ts';

/**
 * Puts plugins after all plugins of the types that they require, after those of the types in `after` that do not need them, and leaves them in the order given otherwise. A plugin that
 * requires its own type comes after the others of it that do not.
 *
 * @throws KindError `invalid-argument` for a circle, naming it; `already-exists` for two of one name.
 */
export function sortPlugins(plugins: readonly AnyPlugin[]): readonly AnyPlugin[] {
  const byType = Map.groupBy(plugins, (plugin) => plugin.token.type);
  const seen = new Set<string>();
  for (const uri of plugins.map(pluginUri)) {
    if (seen.has(uri)) throw new KindError('already-exists', `plugin "${uri}"`);
    seen.add(uri);
  }
  const sorted = new Set<AnyPlugin>();
  const path: AnyPlugin[] = [];
  const visit = (plugin: AnyPlugin): void => {
    if (sorted.has(plugin)) return;
    const start = path.indexOf(plugin);
    if (start >= 0) {
      const circle = [...path.slice(start), plugin].map(pluginUri).join(' requires ');
      throw new KindError('invalid-argument', `plugins require each other in a circle: ${circle}`);
    }
    path.push(plugin);
    for (const type of plugin.requires) {
      for (const dependency of byType.get(type) ?? []) {
        const sibling = type === plugin.token.type;
        if (dependency === plugin || (sibling && dependency.requires.includes(type))) continue;
        visit(dependency);
      }
    }
    for (const dependency of plugin.after?.flatMap((type) => byType.get(type) ?? []) ?? []) {
      if (!needs(dependency, plugin, byType)) visit(dependency);
    }
    path.pop();
    sorted.add(plugin);
  };
  for (const plugin of plugins) visit(plugin);
  return [...sorted];
}

/** Whether a plugin requires another one, however far away. */
function needs(plugin: AnyPlugin, other: AnyPlugin, byType: ReadonlyMap<string, readonly AnyPlugin[]>): boolean {
  const pending = [plugin];
  const seen = new Set(pending);
  for (const next of pending) {
    if (next === other) return true;
    for (const dependency of next.requires.flatMap((type) => byType.get(type) ?? [])) {
      if (!seen.has(dependency)) pending.push(dependency);
      seen.add(dependency);
    }
  }
  return false;
}
