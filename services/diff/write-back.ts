import { syncFilesystem } from '../../pkg/sys/sync-filesystem.ts';

/** Stored bytes of layers between two flushes. */
const step = 48 * 1024 * 1024;

/**
 * Has what is unpacked written to disk meanwhile, so that the flush at the end finds little to do: by itself the kernel begins when
 * there is a tenth of the memory to write, or after half a minute. One flush at a time, whoever asks.
 */
export class WriteBack {
  #flush: Promise<void> | undefined;

  /** For one layer on the filesystem of `root`. */
  begin(root: string): LayerWriteBack {
    return new LayerWriteBack(() => {
      this.#flush ??= syncFilesystem(root).finally(() => (this.#flush = undefined));
      return this.#flush;
    });
  }
}

/** One layer's part in it. */
export class LayerWriteBack {
  readonly #flush: () => Promise<void>;
  readonly #flushes = new Set<Promise<void>>();
  #next = step;

  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** To be told how many stored bytes were read so far. */
  progress(bytes: number): void {
    if (bytes < this.#next) return;
    this.#next = bytes + step;
    const flush = this.#flush();
    // Told by `settled`.
    flush.catch(() => undefined);
    this.#flushes.add(flush);
  }

  /** Waits for what was begun. The kernel tells of a failed write once: whoever flushes later is not told again. */
  async settled(): Promise<void> {
    await Promise.all(this.#flushes);
  }
}
