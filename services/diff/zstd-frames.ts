import { KindError } from '../../pkg/errors/kind-error.ts';

/** What comes next: to gather that many bytes, to pass over that many (negative), or the end of a frame (0). */
type Steps = Generator<number, never, Buffer>;

function malformed(detail: string): KindError {
  return new KindError('invalid-argument', `zstd stream of layer: ${detail}`);
}

/** Walks over frames without decoding them: RFC 8878, section 3.1. */
function* walk(): Steps {
  for (;;) {
    const magic = (yield 4).readUInt32LE();
    if ((magic & 0xffff_fff0) >>> 0 === 0x184d_2a50) {
      yield -(yield 4).readUInt32LE();
      yield 0;
      continue;
    }
    if (magic !== 0xfd2f_b528) throw malformed('neither a frame nor its end where one should be');
    const descriptor = (yield 1)[0] ?? 0;
    const single = (descriptor >> 5) & 1;
    const contentSize = descriptor >> 6 === 0 ? single : 1 << (descriptor >> 6);
    yield -((single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + contentSize);
    for (let last = false; !last;) {
      const block = (yield 3).readUIntLE(0, 3);
      last = (block & 1) === 1;
      const type = (block >> 1) & 3;
      if (type === 3) throw malformed('a block of the reserved type');
      // A run-length block stores one byte.
      yield -(type === 1 ? 1 : block >>> 3);
    }
    if (descriptor & 4) yield -4;
    yield 0;
  }
}

/**
 * Cuts a zstd stream at the ends of its frames. Node's decoder stops, without an error, where a frame ends within a write, and
 * streams of several frames are common (pzstd, zstd:chunked).
 */
export class ZstdFrames {
  readonly #steps: Steps = walk();
  #step: number;
  #gathered: Buffer = Buffer.alloc(0);
  #complete = true;

  constructor() {
    this.#step = this.#steps.next().value;
  }

  /** Whether the bytes so far end where a frame ends. */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * The pieces of a chunk, each to be written to a decoder on its own.
   * @throws KindError `invalid-argument`
   */
  *split(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let at = 0; at < chunk.length;) {
      this.#complete = false;
      at += this.#consume(chunk.subarray(at));
      if (!this.#atCut()) continue;
      yield chunk.subarray(start, at);
      start = at;
    }
    if (start < chunk.length) yield chunk.subarray(start);
  }

  /** Takes what the present step wants from the front of `bytes`; returns how much that was. */
  #consume(bytes: Buffer): number {
    if (this.#step < 0) {
      const passed = Math.min(-this.#step, bytes.length);
      this.#step += passed;
      // Done passing over: on to what follows.
      if (this.#step === 0) this.#advance(Buffer.alloc(0));
      return passed;
    }
    const taken = bytes.subarray(0, this.#step - this.#gathered.length);
    this.#gathered = Buffer.concat([this.#gathered, taken]);
    if (this.#gathered.length === this.#step) {
      const field = this.#gathered;
      this.#gathered = Buffer.alloc(0);
      this.#advance(field);
    }
    return taken.length;
  }

  #advance(field: Buffer): void {
    this.#step = this.#steps.next(field).value;
    // Nothing to pass over: -0, which an end of frame is not.
    while (Object.is(this.#step, -0)) this.#step = this.#steps.next(field).value;
  }

  #atCut(): boolean {
    if (this.#step !== 0) return false;
    this.#step = this.#steps.next(Buffer.alloc(0)).value;
    this.#complete = true;
    return true;
  }
}
