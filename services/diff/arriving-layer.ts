/**
 * A layer whose file is still being written. It is unpacked behind the writer; whether its bytes are the right ones is for whoever
 * hands it over to know, before what was unpacked is used.
 */
export interface ArrivingLayer {
  /** The file, which can be opened for as long as the unpacking takes. */
  readonly path: string;
  /** Bytes that there will be. */
  readonly size: number;
  /** One number, shared with the thread that reads: how many bytes are there; below 0 when they are of no use any more. */
  readonly available: BigInt64Array<SharedArrayBuffer>;
  /**
   * All that was there, `read` bytes, has been read: to resolve when it is worth to go on. Until then no thread is held. A rejection ends
   * the unpacking.
   */
  more(read: number): Promise<void>;
}
