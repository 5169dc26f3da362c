import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { MountManager } from '../mounts/mount-manager.ts';

/**
 * The mounts of tasks that their shims cannot perform on their own. Each activation bears its task's id and lives as long as the
 * container, unless the task is deleted before: so nothing is left when a shim dies.
 */
export class TaskMounts {
  readonly #manager: MountManager | undefined;
  readonly #log: Logger;

  constructor(manager: MountManager | undefined, log: Logger) {
    this.#manager = manager;
    this.#log = log;
  }

  /** Performs what the shim cannot. @returns what is left for the shim: all of it mostly. */
  async activate(scope: Scope, id: string, rootfs: readonly Mount[]): Promise<readonly Mount[]> {
    if (!this.#manager) return rootfs;
    const labels = new Map([['containerd.io/gc.bref.container', id]]);
    try {
      const { system } = await this.#manager.activate({ ...scope, lease: undefined }, id, rootfs, { labels });
      return system;
    } catch (error) {
      if (kindOf(error) === 'unimplemented') return rootfs;
      if (kindOf(error) !== 'already-exists') throw error;
      // Of a task whose shim died: the container is the same, and so are its mounts.
      const { system } = await this.#manager.info(scope, id);
      return system;
    }
  }

  /** Takes off what {@link activate} mounted, if anything. Never fails: what stays is collected with the container. */
  async deactivate({ namespace }: Scope, id: string): Promise<void> {
    try {
      await this.#manager?.deactivate({ namespace }, id);
    } catch (error) {
      if (kindOf(error) !== 'not-found')
        this.#log.warn('mounts of a task cannot be taken off', { id, namespace, error });
    }
  }
}
