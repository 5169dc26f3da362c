import { type Cipheriv, createCipheriv, createHash } from 'node:crypto';

/** A stream of bytes that looks random, does not compress, and is the same for the same seed everywhere. */
export class PseudoRandom {
  readonly #cipher: Cipheriv;

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest();
    this.#cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  }

  /** The next bytes. */
  bytes(length: number): Buffer {
    return this.#cipher.update(Buffer.alloc(length));
  }

  /** A whole number from 0 to below `limit` (at most 2^32). */
  below(limit: number): number {
    return this.bytes(4).readUInt32LE() % limit;
  }
}
