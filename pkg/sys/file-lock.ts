import { closeSync, constants, openSync } from 'node:fs';
import { native } from './native.ts';

/** A file held by flock(2): for this open of it alone, until disposed or until the process ends, however it ends. */
export class FileLock implements Disposable {
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Locks a file that exists; nothing is written to it.
   * @returns undefined when somebody else holds it.
   * @throws SystemError `ENOENT` and kin.
   */
  static tryLock(path: string): FileLock | undefined {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if (native.tryLock(fd)) return new FileLock(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
    return undefined;
  }

  /** Lets go; idempotent. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
