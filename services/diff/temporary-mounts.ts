import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { mountAll } from '../../pkg/sys/mount-all.ts';
import { unmountAll } from '../../pkg/sys/unmount.ts';

/** Mounts for as long as a piece of work takes, each in a directory of its own. Needs root. */
export class TemporaryMounts {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes off what a crash left. */
  async reconcile(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#directory)) await this.#remove(join(this.#directory, name));
  }

  /** Runs `work` with the mounts performed. */
  async use<T>(mounts: readonly Mount[], work: (root: string) => Promise<T>): Promise<T> {
    const root = await mkdtemp(join(this.#directory, 'mount-'));
    try {
      await mountAll(mounts, root);
      return await work(root);
    } finally {
      await this.#remove(root);
    }
  }

  async #remove(root: string): Promise<void> {
    await unmountAll(root, { detach: true });
    // Never more than an empty directory: what is still mounted on it belongs to somebody.
    await rmdir(root);
  }
}
