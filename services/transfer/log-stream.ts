import { ByteSink } from '../streaming/byte-sink.ts';
import type { Stream } from '../streaming/stream-manager.ts';

/** What waits for a client that does not read, in bytes. */
const maxWaiting = 1 << 20;

/** Sends text to a client and never holds up who writes it: what a slow client leaves waiting beyond a limit is dropped. */
export class LogStream implements AsyncDisposable {
  readonly #sink: ByteSink;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #sending: Promise<void> | undefined;
  #gone = false;

  constructor(stream: Stream) {
    this.#sink = new ByteSink(stream);
  }

  readonly write = (text: string): void => {
    if (this.#gone || this.#bytes > maxWaiting) return;
    const bytes = Buffer.from(text);
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#sending ??= this.#send();
  };

  /** Resolves when the client has been sent everything, or is gone; then the stream ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending;
    this.#sink[Symbol.dispose]();
  }

  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.concat(this.#waiting);
        this.#waiting = [];
        this.#bytes = 0;
        await this.#sink.write(bytes);
      }
    } catch {
      // The client does not want to know any more; the transfer goes on.
      this.#gone = true;
    }
    this.#sending = undefined;
  }
}
