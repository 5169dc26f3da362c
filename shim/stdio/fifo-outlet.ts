import { host } from '../host/host.ts';
import { relayKind } from '../host/relay-kind.ts';
import { watchFor } from '../host/watch-for.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { relayFlow, type Flow } from './flow.ts';
import { openFlags } from './open-flags.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';

/** IN_OPEN of inotify(7). */
const somebodyOpened = 0x20;
const inotifyRoom = 4096;

/**
 * A client's FIFO. We have both of its ends open, so that opening never waits for the client, and nothing fails while the client is away: what fits into
 * the FIFO waits there, what does not waits in the process's pipe, and then the process waits.
 *
 * When the output, or both if it takes both, has ended we let go, so that the client sees the end. If there is no client just then, the FIFO is kept, with
 * what is in it, until one comes or the process is deleted.
 */
export class FifoOutlet implements Outlet {
  #reading: OwnedFd;
  /** One for each output: a relay watches its own. */
  readonly #writing: readonly OwnedFd[];
  #stopWaiting: (() => void) | undefined;
  /** Outputs that have not ended. */
  #open = 0;

  /**
   * @param reading the FIFO's reading end, which is the outlet's from now on, failure or not
   * @param outputs how many it takes
   */
  constructor(reading: number, outputs: number) {
    this.#reading = new OwnedFd(reading);
    const writing: OwnedFd[] = [];
    this.#writing = writing;
    try {
      while (writing.length < outputs)
        writing.push(new OwnedFd(host.reopen(reading, openFlags.writeOnly | openFlags.nonBlocking)));
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  take(source: number, _stream: 'stdout' | 'stderr', terminal: boolean): Flow {
    const kind = relayKind.lossy | (terminal ? relayKind.terminal : 0);
    const own = (this.#writing[this.#open++] ?? this.#first).number;
    return relayFlow(
      (ended) => host.startRelay(source, own, kind, ended),
      () => {
        if (--this.#open === 0) this.#letGo();
      },
      () => !host.hasRoom(own) && !this.#hasClient(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#close();
  }

  get #first(): OwnedFd {
    const [first = this.#reading] = this.#writing;
    return first;
  }

  #close(): void {
    for (const end of [this.#reading, ...this.#writing]) end[Symbol.dispose]();
  }

  /** Whoever reads is seen while we do not; nothing is written meanwhile. */
  #hasClient(): boolean {
    this.#reading[Symbol.dispose]();
    const has = host.hasReader(this.#first.number);
    this.#reading = new OwnedFd(host.reopen(this.#first.number, openFlags.readOnly | openFlags.nonBlocking));
    return has;
  }

  /** What is in a FIFO stays there as long as anybody has an end of it open. */
  #letGo(): void {
    if (!this.#first.isOpen) return;
    this.#reading[Symbol.dispose]();
    if (!host.hasReader(this.#first.number)) this.#waitForReader();
    if (host.hasReader(this.#first.number)) void this[Symbol.asyncDispose]();
  }

  #waitForReader(): void {
    let opens: number;
    try {
      opens = host.watchPath(`/proc/self/fd/${this.#first.number}`, somebodyOpened);
    } catch (error) {
      // The user's last inotify instance is taken: the reader gets the bytes all the same, and the end when the process is deleted.
      if (isSystemError(error, 'EMFILE', 'ENOSPC', 'ENOMEM')) return;
      throw error;
    }
    const watch = host.watch(opens, watchFor.reading, () => {
      host.read(opens, inotifyRoom);
      if (host.hasReader(this.#first.number)) void this[Symbol.asyncDispose]();
    });
    this.#stopWaiting = (): void => {
      host.endWatch(watch);
      host.close(opens);
    };
  }
}
