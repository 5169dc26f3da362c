import { host } from '../host/host.ts';
import { relayKind } from '../host/relay-kind.ts';
import { watchFor } from '../host/watch-for.ts';
import { relayFlow, type Flow } from './flow.ts';
import type { LoggerProcess } from './logger-process.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';

/**
 * A logger. It reads a process's pipe itself, and we only learn from our copy of the reading end when nobody writes any more. A logger that
 * hangs makes its process wait; when one has died, its output is dropped, so that the process goes on. A terminal's output gets to it by a relay.
 */
export class LoggerOutlet implements Outlet {
  readonly pid: number;
  readonly #logger: LoggerProcess;
  /** Writing ends of its pipes where it does not read the process's own. */
  readonly #sink: OwnedFd | undefined;
  #started = false;

  /** @param sink is the outlet's from now on; -1 when the logger has the process's own pipes */
  constructor(logger: LoggerProcess, sink: number) {
    this.#logger = logger;
    this.pid = logger.pid;
    this.#sink = sink < 0 ? undefined : new OwnedFd(sink);
  }

  take(source: number, stream: 'stdout' | 'stderr', terminal: boolean): Flow {
    this.#started = true;
    const sink = this.#sink;
    if (sink === undefined) return this.#watchEnd(source, stream);
    const kind = relayKind.lossy | (terminal ? relayKind.terminal : 0);
    return relayFlow(
      (ended) => host.startRelay(source, sink.number, kind, ended),
      (_moved, lost) => {
        sink[Symbol.dispose]();
        if (lost > 0) this.#tellLost(stream, lost);
      },
    );
  }

  /** Waits for the logger to write what it has read. All that writes to its pipes must have been closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sink?.[Symbol.dispose]();
    if (this.#started) await this.#logger.end();
    else this.#logger.kill();
  }

  #watchEnd(source: number, stream: 'stdout' | 'stderr'): Flow {
    const { promise, resolve } = Promise.withResolvers<void>();
    let discard: Flow | undefined;
    let over = false;
    // A pipe is never that; that its writers are gone is told unasked.
    const watch = host.watch(source, watchFor.urgent, () => end());
    const end = (): void => {
      over = true;
      host.endWatch(watch);
      resolve();
    };
    void this.#logger.ended.then(() => {
      if (over) return;
      host.endWatch(watch);
      discard = relayFlow(
        (ended) => host.startRelay(source, -1, relayKind.lossy, ended),
        () => resolve(),
      );
      host.log(`${stream}: the logger has ended before its container, whose output is dropped from now on`);
    });
    return {
      ended: promise,
      finish: (): void => undefined,
      stuck: () => false,
      [Symbol.dispose]: (): void => {
        discard?.[Symbol.dispose]();
        end();
      },
    };
  }

  #tellLost(stream: 'stdout' | 'stderr', lost: number): void {
    host.log(`${stream}: the logger has ended before its container: ${lost} bytes are lost`);
  }
}
