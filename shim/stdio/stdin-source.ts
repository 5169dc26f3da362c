import { host } from '../host/host.ts';
import { relayKind } from '../host/relay-kind.ts';
import { relayFlow, type Flow } from './flow.ts';
import { openFlags } from './open-flags.ts';
import { openFailure } from './open-outlet.ts';
import { OwnedFd } from './owned-fd.ts';

/**
 * A client's FIFO for stdin. We have its writing end open too, so that a client may come late, leave and come back. Without ours, its
 * end is the clients' end: so `close`, and what they wrote still arrives.
 */
export class StdinSource implements Disposable {
  readonly #reading: OwnedFd;
  readonly #writing: OwnedFd | undefined;
  #flow: Flow | undefined;

  /** @throws KindError `unknown` */
  constructor(path: string) {
    try {
      this.#reading = new OwnedFd(host.open(path, openFlags.readOnly, 0));
    } catch (error) {
      throw openFailure(path, error);
    }
    try {
      if (!host.isPipe(this.#reading.number)) return;
      this.#writing = new OwnedFd(host.reopen(this.#reading.number, openFlags.writeOnly | openFlags.nonBlocking));
    } catch (error) {
      this.#reading[Symbol.dispose]();
      throw openFailure(path, error);
    }
  }

  /** A file of the client's that is no FIFO: the process may as well read it itself. */
  get file(): number | undefined {
    return this.#writing === undefined ? this.#reading.number : undefined;
  }

  get closed(): boolean {
    return this.#writing?.isOpen !== true;
  }

  /**
   * Begins to move what clients write. Once.
   * @param sink stays the caller's, open until `over` was called: at the end, or when nobody reads there
   */
  start(sink: number, terminal: boolean, over: () => void): void {
    this.#flow = relayFlow(
      (ended) => host.startRelay(this.#reading.number, sink, terminal ? relayKind.terminal : 0, ended),
      () => {
        this.#reading[Symbol.dispose]();
        this.#writing?.[Symbol.dispose]();
        over();
      },
    );
  }

  /** Again: nothing. */
  close(): void {
    this.#writing?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#flow?.[Symbol.dispose]();
    this.#reading[Symbol.dispose]();
    this.#writing?.[Symbol.dispose]();
  }
}
