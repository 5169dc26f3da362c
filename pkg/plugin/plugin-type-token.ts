import type { PluginType } from './plugin-type.ts';

/**
 * Names the exports of all plugins of one type, which share one interface.
 *
 * @example
 * export const snapshottersToken = new PluginTypeToken<Snapshotter>('io.containerd.snapshotter.v1');
 */
export class PluginTypeToken<T> {
  /** Never there at run time: it ties T to the token. */
  declare readonly exported: T;
  readonly type: PluginType;

  constructor(type: PluginType) {
    this.type = type;
  }
}
