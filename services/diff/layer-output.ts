import { readSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';

const pieceSize = 256 * 1024;

/**
 * Gathers small writes into pieces of some size. Each method gives the pieces that became full; a piece is valid until the
 * next is asked for.
 */
export class LayerOutput {
  readonly #piece = Buffer.allocUnsafeSlow(pieceSize);
  #used = 0;

  *write(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === pieceSize) yield* this.flush();
      const count = bytes.copy(this.#piece, this.#used, at);
      this.#used += count;
      at += count;
    }
  }

  /**
   * Takes `size` bytes of an open file.
   * @throws KindError `failed-precondition` when the file has less.
   */
  *read(fd: number, size: number): Generator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#used === pieceSize) yield* this.flush();
      const count = readSync(fd, this.#piece, this.#used, Math.min(left, pieceSize - this.#used), null);
      if (count === 0) throw new KindError('failed-precondition', 'file became shorter while it was read');
      this.#used += count;
      left -= count;
    }
  }

  *flush(): Generator<Buffer> {
    const piece = this.#piece.subarray(0, this.#used);
    this.#used = 0;
    if (piece.length > 0) yield piece;
  }
}
