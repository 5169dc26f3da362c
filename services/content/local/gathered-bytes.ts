/** The first block is small, for most blobs are; further ones are as large as all before them, up to the largest. In bytes. */
const smallestBlock = 4 << 10;
const largestBlock = 256 << 10;
/** How many of the largest blocks wait to be used again. */
const mostSpare = 4;

/** What was gathered, in its order, and the blocks that it lies in. */
export interface TakenBytes {
  readonly parts: Uint8Array[];
  readonly blocks: readonly Uint8Array[];
}

/** Gathers bytes that come in small pieces, in blocks of memory that are used again: a transfer in small pieces leaves no garbage. */
export class GatheredBytes {
  #parts: Uint8Array[] = [];
  #blocks: Uint8Array[] = [];
  readonly #spare: Uint8Array[] = [];
  #size = 0;
  /** The block that is being filled, where its next part begins, and how far it is filled. */
  #block: Uint8Array = new Uint8Array();
  #start = 0;
  #filled = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a copy. */
  copy(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length;) {
      if (this.#filled === this.#block.length) this.#nextBlock(bytes.length - taken);
      const count = Math.min(bytes.length - taken, this.#block.length - this.#filled);
      this.#block.set(bytes.subarray(taken, taken + count), this.#filled);
      this.#filled += count;
      this.#size += count;
      taken += count;
    }
  }

  /** Adds the bytes themselves: they must stay as they are until what is taken has been used. */
  keep(bytes: Uint8Array): void {
    this.#endPart();
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  /** Hands over all that is there; who has used it gives the blocks back with {@link release}. */
  take(): TakenBytes {
    this.#endPart();
    const taken = { parts: this.#parts, blocks: this.#blocks };
    this.#parts = [];
    this.#blocks = [];
    this.#block = new Uint8Array();
    this.#size = this.#start = this.#filled = 0;
    return taken;
  }

  release(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) {
      if (block.length === largestBlock && this.#spare.length < mostSpare) this.#spare.push(block);
    }
  }

  #endPart(): void {
    if (this.#filled > this.#start) this.#parts.push(this.#block.subarray(this.#start, this.#filled));
    this.#start = this.#filled;
  }

  #nextBlock(needed: number): void {
    this.#endPart();
    const size = Math.min(Math.max(smallestBlock, needed, this.#size), largestBlock);
    this.#block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(size);
    this.#blocks.push(this.#block);
    this.#start = this.#filled = 0;
  }
}
