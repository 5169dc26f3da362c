import type { Labels } from '../../pkg/labels/labels.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** A mount that has been performed. */
export interface ActiveMount {
  readonly mount: Mount;
  /** Where: a directory, or for a loop device a link to it. */
  readonly mountPoint: string;
  /** Nanoseconds since 1970. */
  readonly mountedAt: bigint;
}

/** Mounts that the daemon performs for somebody, under a name. */
export interface Activation {
  readonly name: string;
  /** Performed, in this order. */
  readonly active: readonly ActiveMount[];
  /** Left for the caller to perform, on a root of its own. */
  readonly system: readonly Mount[];
  readonly labels: Labels;
}

/** How to activate. */
export interface ActivateOptions {
  readonly labels?: Labels;
  /** Perform all mounts and leave a bind mount of the last to the caller. It does not outlive the daemon. */
  readonly temporary?: boolean;
}

/**
 * Performs mounts that a client or a shim cannot perform on its own, and keeps them by name until they are deactivated, or collected:
 * an activation lives as long as its lease, a label of another object (`containerd.io/gc.ref.mount`) or the parent that its own label
 * names (`containerd.io/gc.bref.container`, `….content`, `….image`, `….snapshot.<snapshotter>`).
 *
 * What the daemon performs: `loop`, which makes a device of a file, and all before a mount whose type begins with a
 * transformation: `format/` fills in what the mounts before gave (`{{ source 0 }}`, `{{ target 0 }}`, `{{ mount 0 }}`,
 * `{{ overlay 0 2 }}`), `mkdir/` makes the directories that options `X-containerd.mkdir.path=PATH[:MODE[:UID:GID]]` name, below the
 * daemon's root directory or what is mounted. They may be chained, as in `format/mkdir/overlay`.
 *
 * Life of an activation: its record is written before anything is mounted and completed after all is; what a crash leaves in
 * between is taken back at start, as is what is temporary, or was unmounted by a reboot. Needs root.
 *
 * Errors: `unimplemented` when there is nothing for the daemon to do, and for a transformation that is not known; `already-exists` for a name in
 * use, `not-found`, `invalid-argument` for a template, an option or a name that cannot be read, `failed-precondition` when a
 * mount is in use.
 *
 * @example
 * const { system } = await mounts.activate(scope, 'c1', [
 *   { type: 'loop', source: '/images/root.img', target: '', options: [] },
 *   { type: 'format/ext4', source: '{{ mount 0 }}', target: '', options: [] },
 * ]);
 * await mountAll(system, rootfs); // ext4 of a loop device
 * await mounts.deactivate(scope, 'c1');
 */
export interface MountManager {
  activate(scope: Scope, name: string, mounts: readonly Mount[], options?: ActivateOptions): Promise<Activation>;
  deactivate(scope: Scope, name: string): Promise<void>;
  info(scope: Scope, name: string): Promise<Activation>;
  /** In bytewise order of the names. Filters see `name` and `labels.<key>`. */
  list(scope: Scope, filters: readonly string[]): Promise<readonly Activation[]>;
}
