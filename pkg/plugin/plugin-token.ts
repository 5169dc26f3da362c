import type { PluginType } from './plugin-type.ts';

/**
 * Names one plugin's export and carries its type, so that who asks for it needs no cast.
 *
 * @example
 * export const contentStoreToken = new PluginToken<ContentStore>('io.containerd.service.v1', 'content-service');
 */
export class PluginToken<T> {
  /** Never there at run time: it ties T to the token. */
  declare readonly exported: T;
  readonly type: PluginType;
  readonly id: string;

  constructor(type: PluginType, id: string) {
    this.type = type;
    this.id = id;
  }
}
