import { Progress } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { ClientStream } from './client-stream.ts';
import type { DaemonCalls } from './daemon-calls.ts';

/**
 * The stream on which a daemon tells how a transfer goes: all of it is read, whereas `ctr` stops when the transfer is done. Disposing ends it.
 *
 * @example
 * await using progress = await ProgressStream.open(calls);
 * await calls.transfer.transfer({ …, options: { progressStream: progress.id } }, calls.options);
 * await progress.until(({ event }) => event === 'saved');
 */
export class ProgressStream implements AsyncDisposable {
  /** What was told so far. */
  readonly told: Progress[] = [];
  readonly #stream: ClientStream;

  static async open(calls: DaemonCalls): Promise<ProgressStream> {
    return new ProgressStream(await ClientStream.open(calls));
  }

  private constructor(stream: ClientStream) {
    this.#stream = stream;
  }

  get id(): string {
    return this.#stream.id;
  }

  /** Reads on until something is told. @throws Error when the stream ends without, with all that was told. */
  async until(fits: (progress: Progress) => boolean): Promise<Progress> {
    for (;;) {
      const message = await this.#stream.receive();
      if (message === undefined) throw new Error(`not told, but: ${this.told.map(({ event }) => event).join(', ')}`);
      const progress = Progress.decode(message.value);
      this.told.push(progress);
      if (fits(progress)) return progress;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.close();
    while ((await this.#stream.receive().catch(() => undefined)) !== undefined) continue;
  }
}
