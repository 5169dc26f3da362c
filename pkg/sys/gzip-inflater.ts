import type { NativeInflater } from './native-module.ts';
import { native } from './native.ts';

/** Which bytes of a file may be read. */
export interface ReadableRange {
  readonly offset: number;
  readonly length: number;
  /** Nothing follows it. */
  readonly last: boolean;
}

/**
 * Unpacks a gzip stream (RFC 1952, any number of members; zeros may follow them) from a file, range by range, off the loop and into memory
 * that is the caller's: Node's own allocates anew for each piece, which costs more than the unpacking.
 *
 * @example
 * const { taken, made } = await inflater.inflate(fd, { offset: 0, length: size, last: true }, output);
 */
export class GzipInflater {
  readonly #inflater: NativeInflater;

  /**
   * @param validate whether the content is compared with its check value, which takes as long as the unpacking: not needed where a digest
   * of it is known
   */
  constructor(validate = true) {
    this.#inflater = native.makeInflater(validate);
  }

  /**
   * Goes on until `output` is full or the range is used up; one call at a time. The next range begins `taken` bytes behind this one's
   * begin. At the stream's end `output` is not full.
   * @throws SystemError EBADMSG for a stream that is damaged or truncated, with the reason in `syscall`; others as pread(2).
   */
  async inflate(
    fd: number,
    range: ReadableRange,
    output: Uint8Array,
  ): Promise<{ readonly taken: number; readonly made: number }> {
    const { offset, length, last } = range;
    const [taken, made] = await native.inflateFile(this.#inflater, fd, offset, length, last, output);
    return { taken, made };
  }
}
