import { closeSync, openSync, writeSync } from 'node:fs';
import type { ExtractLayer } from '../../../../services/diff/extract-request.ts';
import type { LayerLab } from './layer-lab.ts';

/** A layer whose file is written bit by bit, as a download would. */
export class GrowingLayer {
  readonly root: string;
  /** What was read when all that was there had been read, each time. */
  readonly starved: number[] = [];
  readonly #bytes: Buffer;
  readonly #fd: number;
  readonly #available = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #file: string;
  #written = 0;
  #waiting: PromiseWithResolvers<void> | undefined;
  #asked = Promise.withResolvers<void>();

  constructor(lab: LayerLab, bytes: Buffer) {
    this.#bytes = bytes;
    this.#file = lab.file(Buffer.alloc(0));
    this.#fd = openSync(this.#file, 'w');
    this.root = lab.make();
  }

  /** What unpacks it. */
  get request(): ExtractLayer {
    const growth = { size: this.#bytes.length, available: this.#available };
    const target = { root: this.root, lowers: [], whiteouts: 'delete' } as const;
    return { kind: 'extract', file: this.#file, compression: 'sniff', target, growth };
  }

  readonly onStarved = async (bytes: number): Promise<void> => {
    this.starved.push(bytes);
    this.#waiting = Promise.withResolvers();
    this.#asked.resolve();
    await this.#waiting.promise;
  };

  /** Resolves once it is waited for more than there is. */
  async hungry(): Promise<void> {
    await this.#asked.promise;
  }

  /** Adds bytes, up to that many in all, and tells of them. */
  grow(written = this.#bytes.length): void {
    while (this.#written < written)
      this.#written += writeSync(this.#fd, this.#bytes, this.#written, written - this.#written);
    this.#tell(this.#written);
    if (written === this.#bytes.length) closeSync(this.#fd);
  }

  /** Says that what is there is of no use. */
  spoil(): void {
    this.#tell(-1);
    closeSync(this.#fd);
  }

  /** Whoever waits gets this error. */
  fail(error: Error): void {
    this.#waiting?.reject(error);
    closeSync(this.#fd);
  }

  #tell(available: number): void {
    Atomics.store(this.#available, 0, BigInt(available));
    this.#asked = Promise.withResolvers();
    this.#waiting?.resolve();
  }
}
