/** A part of somebody else's behind a socket: `[proxy_plugins.<name>]` of the configuration. */
export interface ProxyPlugin {
  /** `snapshot`, `content`, `diff`, `sandbox`, or the plugin type in full. */
  readonly type: string;
  /** A unix socket's path, with or without `unix://` before it. */
  readonly address: string;
  /** What introspection shows; empty for the machine's own. */
  readonly platform: string;
  readonly exports: ReadonlyMap<string, string>;
  readonly capabilities: readonly string[];
}
