import { Progress } from '../../api/gen/containerd/types/transfer/transfer.ts';
import { packAny } from '../../api/any/pack-any.ts';
import type { Stream } from '../streaming/stream-manager.ts';
import type { ReportProgress, TransferProgress } from './transferrer.ts';

/** Sends progress to a client in order, and never holds up the transfer: of what a slow client has not taken, only the newest a name is kept. */
export class ProgressStream implements AsyncDisposable {
  readonly #stream: Stream;
  /** By name and, for what has none, by a number of its own. */
  readonly #waiting = new Map<string, TransferProgress>();
  #sending: Promise<void> | undefined;
  #unnamed = 0;
  #gone = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  readonly report: ReportProgress = (progress) => {
    if (this.#gone) return;
    const key = progress.name === undefined ? `\0${this.#unnamed++}` : progress.name;
    this.#waiting.set(key, progress);
    this.#sending ??= this.#send();
  };

  /** Resolves when the client has been sent everything, or is gone; then the stream ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending;
    this.#stream.close();
  }

  async #send(): Promise<void> {
    try {
      for (;;) {
        const [next] = this.#waiting;
        if (next === undefined) break;
        this.#waiting.delete(next[0]);
        await this.#stream.send(packAny('containerd.types.transfer.Progress', Progress, toMessage(next[1])));
      }
    } catch {
      // The client does not want to know any more; the transfer goes on.
      this.#gone = true;
      this.#waiting.clear();
    }
    this.#sending = undefined;
  }
}

function toMessage(progress: TransferProgress): Progress {
  const { descriptor } = progress;
  return {
    event: progress.event,
    name: progress.name ?? '',
    parents: [...(progress.parents ?? [])],
    progress: BigInt(progress.progress ?? 0),
    total: BigInt(progress.total ?? 0),
    desc:
      descriptor === undefined
        ? undefined
        : {
            mediaType: descriptor.mediaType,
            digest: descriptor.digest,
            size: BigInt(descriptor.size),
            annotations: new Map(descriptor.annotations ?? []),
          },
  };
}
