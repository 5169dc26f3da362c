const blockSize = 512;

/** Sees where a tar ends that comes piece by piece: two blocks of zeros where a header would be. Entries of 8 GiB and more are not known to it. */
export class TarEnd {
  /** Bytes until the next header. */
  #content = 0;
  #header = Buffer.alloc(0);
  #zeros = 0;

  get reached(): boolean {
    return this.#zeros >= 2;
  }

  take(piece: Uint8Array): void {
    for (let rest = piece; rest.length > 0;) {
      const wanted = this.#content > 0 ? this.#content : blockSize - this.#header.length;
      const part = rest.subarray(0, wanted);
      rest = rest.subarray(part.length);
      if (this.#content > 0) this.#content -= part.length;
      else this.#takeHeader(part);
    }
  }

  #takeHeader(part: Uint8Array): void {
    this.#header = Buffer.concat([this.#header, part]);
    if (this.#header.length < blockSize) return;
    if (this.#header.every((byte) => byte === 0)) this.#zeros++;
    else
      this.#content = Math.ceil(Number.parseInt(this.#header.toString('latin1', 124, 135), 8) / blockSize) * blockSize;
    this.#header = Buffer.alloc(0);
  }
}
