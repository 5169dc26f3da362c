import type { HostHandle } from '../host/host-calls.ts';
import { host } from '../host/host.ts';
import type { LogState } from '../host/relay-calls.ts';
import { relayKind } from '../host/relay-kind.ts';
import type { ContainerLog, ReaderEnd } from './container-log.ts';
import { relayFlow, type Flow } from './flow.ts';
import type { Outlet } from './outlet.ts';

const fellBehind = 11;
const brokenPipe = 32;

/** A file of CRI log lines, for stdout and stderr together. */
export class LogOutlet implements Outlet, ContainerLog {
  readonly #path: string;
  readonly #log: HostHandle;
  #open = true;

  /** @throws SystemError */
  constructor(path: string, longestLine: number) {
    this.#path = path;
    this.#log = host.openLog(path, longestLine);
  }

  take(source: number, stream: 'stdout' | 'stderr', terminal: boolean): Flow {
    return relayFlow(
      (ended) => host.startLogRelay(source, this.#log, stream === 'stderr', terminal ? relayKind.terminal : 0, ended),
      () => undefined,
    );
  }

  reopen(): void {
    if (this.#open) host.reopenLog(this.#log);
  }

  attach(stream: 'stdout' | 'stderr', fd: number, left: (end: ReaderEnd) => void): void {
    host.attachReader(this.#log, stream === 'stderr', fd, (reason) => left(readerEnd(reason)));
  }

  state(): LogState {
    return host.logState(this.#log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const { lost } = host.logState(this.#log);
    if (lost > 0) host.log(`${this.#path} did not take ${lost} bytes of log, which are lost`);
    host.closeLog(this.#log);
  }
}

function readerEnd(reason: number): ReaderEnd {
  if (reason === 0) return 'ended';
  if (reason === fellBehind) return 'lagged';
  return reason === brokenPipe ? 'left' : 'failed';
}
