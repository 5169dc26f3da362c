import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ReadableRange } from '../../pkg/sys/gzip-inflater.ts';
import type { ExtractLayer, LayerGrowth } from './extract-request.ts';

const chunkSize = 256 * 1024;

/** What whoever reads a layer is told of. */
export interface LayerProgress {
  /** So many stored bytes were read. */
  readonly onRead: (bytes: number) => void;
  /** Called when as many stored bytes were read as have arrived; resolves when there may be more, or throws. */
  readonly onStarved: (bytes: number) => Promise<void>;
}

/** A layer's stored bytes, from its file, which may be growing still, or from a pipe. For one reader, who waits for each answer. */
export class LayerFile implements Disposable {
  readonly fd: number;
  readonly #growth: LayerGrowth | undefined;
  readonly #progress: LayerProgress;
  /** Bytes that there will be; undefined for a pipe. */
  readonly #size: number | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(chunkSize);
  /** What `start` has read ahead. */
  #ahead = 0;
  #total = 0;
  #open = true;

  constructor({ file, growth }: Pick<ExtractLayer, 'file' | 'growth'>, progress: LayerProgress) {
    this.fd = openSync(file, 'r');
    this.#growth = growth;
    this.#progress = progress;
    const stat = fstatSync(this.fd);
    this.#size = growth?.size ?? (stat.isFile() ? stat.size : undefined);
  }

  /** Whether any part can be read at any time, and nobody waits for a writer. */
  get isRegular(): boolean {
    return this.#size !== undefined;
  }

  /** The first bytes; fewer than four only when there are no more. They are read again by whoever goes on. */
  async start(): Promise<Buffer> {
    for (let count = -1; count !== 0 && this.#ahead < 4; this.#ahead += count) count = await this.#read(this.#ahead);
    return this.#buffer.subarray(0, this.#ahead);
  }

  /** The bytes in pieces; each is valid until the next is asked for. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const count = this.#ahead || (await this.#read(0));
      if (count === 0) return;
      this.#ahead = 0;
      this.take(count);
      yield this.#buffer.subarray(0, count);
    }
  }

  /** Of a regular file, for who reads it on his own: what can be read now. Waits until there is something, or the end. */
  async readable(): Promise<ReadableRange> {
    const length = await this.#come(this.#total);
    return { offset: this.#total, length, last: this.#total + length === this.#size };
  }

  /** So many bytes more were read. */
  take(count: number): void {
    this.#total += count;
    this.#progress.onRead(this.#total);
  }

  [Symbol.dispose](): void {
    this.#open = false;
    closeSync(this.fd);
  }

  /** Reads into the buffer from `at` on, which is how many bytes are in it; 0 at the end. */
  async #read(at: number): Promise<number> {
    const wanted = Math.min(chunkSize - at, await this.#come(this.#total + at));
    // A reader that stopped early leaves a feeder that is still to notice.
    if (!this.#open) return 0;
    const count = readSync(this.fd, this.#buffer, at, wanted, null);
    if (count > 0 || wanted === 0 || this.#size === undefined) return count;
    throw new KindError('data-loss', `file of layer ends at ${this.#total + at} of ${this.#size} bytes`);
  }

  /** How many bytes are there after the first `read`; waits for some where they are to come. */
  async #come(read: number): Promise<number> {
    const growth = this.#growth;
    if (growth === undefined) return this.#size === undefined ? chunkSize : this.#size - read;
    while (read < growth.size) {
      const there = Number(Atomics.load(growth.available, 0));
      if (there < 0) throw new KindError('canceled', 'layer has begun anew');
      if (there > read) return there - read;
      await this.#progress.onStarved(read);
    }
    return 0;
  }
}
