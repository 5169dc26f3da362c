import { Data, WindowUpdate } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isAny } from '../../api/any/is-any.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import type { Stream } from './stream-manager.ts';

const windowName = 'containerd.types.transfer.WindowUpdate';
const dataName = 'containerd.types.transfer.Data';

/** The most bytes that one message carries. */
const maxPiece = 32 << 10;

/** The most that a receiver may have granted at once: a Go receiver counts in 32 bits. */
const maxWindow = 2 ** 31 - 1;

/** Sends bytes over a stream, no more than the receiver has granted by window updates. */
export class ByteSink implements Disposable {
  readonly #stream: Stream;
  #window = 0;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    void this.#receiveWindows();
  }

  /**
   * Resolves once all bytes are with the transport; the buffer may be reused then.
   * @throws what ended the stream; KindError `unavailable` when the receiver left.
   */
  async write(data: Uint8Array): Promise<void> {
    for (let sent = 0; sent < data.length;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#window === 0) {
        await this.#windowOpened();
        continue;
      }
      const piece = data.subarray(sent, sent + Math.min(maxPiece, this.#window));
      this.#window -= piece.length;
      sent += piece.length;
      await this.#stream.send(packAny(dataName, Data, { data: piece }));
    }
  }

  /** Ends the stream; the receiver sees the end of the bytes. */
  [Symbol.dispose](): void {
    this.#stream.close();
  }

  async #windowOpened(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  async #receiveWindows(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#stream.receive();
        if (message === undefined) throw new KindError('unavailable', 'the receiver has ended the stream');
        if (!isAny(message, windowName)) continue;
        const { update } = unpackAny(message, windowName, WindowUpdate);
        if (update > 0) this.#window = Math.min(this.#window + update, maxWindow);
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new KindError('unavailable', String(error));
      this.#wake?.();
    }
  }
}
