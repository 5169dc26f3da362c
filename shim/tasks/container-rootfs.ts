import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { host } from '../host/host.ts';
import { mountRootfs } from './mount-rootfs.ts';
import { unmountTree } from './unmount-tree.ts';

/** The root filesystem of a container, as its creation asked for it: mounts below a directory of the bundle, or none, where the client has made it. */
export class ContainerRootfs {
  readonly #path: string;
  readonly #mounts: readonly Mount[];

  constructor(path: string, mounts: readonly Mount[]) {
    this.#path = path;
    this.#mounts = mounts;
  }

  /** Where its parts are mounted, below its directory. */
  get targets(): readonly string[] {
    return this.#mounts.map(({ target }) => target);
  }

  /** Makes the directory and mounts all, or nothing. @throws KindError that says what could not be mounted. */
  mount(): void {
    if (this.#mounts.length === 0) return;
    host.makeDirectory(this.#path, 0o711);
    try {
      mountRootfs(this.#mounts, this.#path);
    } catch (error) {
      if (error instanceof KindError)
        throw new KindError(error.kind, `failed to mount rootfs component: ${error.detail}`);
      throw new KindError('unknown', `failed to mount rootfs component: ${String(error)}`, { cause: error });
    }
  }

  /** Idempotent. @throws SystemError for what stays mounted. */
  unmount(): void {
    if (this.#mounts.length === 0) return;
    const nested = this.#mounts.some(({ target }) => target !== '');
    unmountTree(this.#path, nested);
  }
}
