import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ByteStream } from './byte-stream.ts';
import { FrameDecoder, type FrameListener } from './frame-decoder.ts';
import { encodeFrame, type Frame } from './frame.ts';

/** What a {@link FrameConnection} tells. */
export interface FrameConnectionListener extends FrameListener {
  /** Told once, whoever closed. */
  closed(error?: Error): void;
}

/** Frames in both directions over a stream of bytes, with back-pressure. */
export class FrameConnection {
  readonly #stream: ByteStream;
  #drained: PromiseWithResolvers<void> | undefined;
  #pauses = 0;
  #closed = false;

  constructor(stream: ByteStream, listener: FrameConnectionListener) {
    this.#stream = stream;
    const decoder = new FrameDecoder(listener);
    stream.start({
      data: (chunk) => decoder.push(chunk),
      drained: () => this.#release(),
      closed: (error) => {
        if (this.#closed) return;
        this.#closed = true;
        // A peer that went in the middle of a frame does not leave up to 4 MiB to a collector that sees no need to run.
        decoder.end();
        this.#release();
        listener.closed(error);
      },
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Queues a frame.
   * @throws KindError `resource-exhausted` for a payload over the limit; nothing is sent.
   */
  send(head: Omit<Frame, 'payload'>, write?: (writer: BinaryWriter) => BinaryWriter): void {
    const bytes = encodeFrame(head, write);
    if (this.#closed || this.#stream.write(bytes)) return;
    this.#drained ??= Promise.withResolvers<void>();
  }

  /** What a sender of many frames waits for between them; undefined when it need not. Settles at the end, too. */
  get drained(): Promise<void> | undefined {
    return this.#drained?.promise;
  }

  /**
   * Holds up the peer. The protocol has no windows, so one slow reader of a stream holds up all streams of its
   * connection. Each pause needs its {@link resume}.
   */
  pause(): void {
    if (this.#pauses++ === 0) this.#stream.pause();
  }

  resume(): void {
    if (--this.#pauses === 0) this.#stream.resume();
  }

  /** Sends what is queued and closes. */
  close(): void {
    this.#stream.close();
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
