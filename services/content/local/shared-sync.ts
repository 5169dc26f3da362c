import { open } from 'node:fs/promises';

/**
 * Makes a directory's entries durable, one fsync for everybody who waits.
 *
 * A caller's entry is covered only by a sync that began after the call, so who comes while one runs shares the next.
 */
export class SharedSync {
  readonly #directory: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves when all entries made before the call are on disk. */
  sync(): Promise<void> {
    if (!this.#running) return (this.#running = this.#run());
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return (this.#running = this.#run());
      });
    return this.#next;
  }

  async #run(): Promise<void> {
    try {
      const handle = await open(this.#directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      this.#running = undefined;
    }
  }
}
