import { LevelDamage } from './level-damage.ts';

/** Reads numbers of variable length and bytes that such a number precedes. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /**
   * A number of up to 53 bits.
   * @throws LevelDamage when the bytes end in it or it is too large.
   */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new LevelDamage('a number is cut off');
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new LevelDamage('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  /** @throws LevelDamage when there are not as many as said. */
  bytes(length = this.varint()): Buffer {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new LevelDamage('a string is cut off');
    return this.#bytes.subarray(start, this.#at);
  }
}
