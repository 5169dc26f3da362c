/**
 * One mount in containerd's terms: what a snapshotter returns and a client or shim performs.
 * `options` are strings of mount(8), data options (`lowerdir=…`) among them.
 */
export interface Mount {
  /** A filesystem type, or `bind`. */
  readonly type: string;
  /** A device, a directory for `bind`, or the type's own word (`overlay`). */
  readonly source: string;
  /** Where to mount, relative to the root that the mounts are performed on; mostly empty. */
  readonly target: string;
  readonly options: readonly string[];
}
