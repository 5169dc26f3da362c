import { host } from '../host/host.ts';
import { relayKind } from '../host/relay-kind.ts';
import { relayFlow, type Flow } from './flow.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';

/** A file, opened for appending; or no file, where all is dropped. What a full disk does not take is lost, and told on stderr: the process goes on. */
export class FileOutlet implements Outlet {
  readonly #file: OwnedFd | undefined;
  readonly #name: string;

  /** @param fd is the outlet's from now on; -1 for nowhere */
  constructor(fd: number, name: string) {
    this.#file = fd < 0 ? undefined : new OwnedFd(fd);
    this.#name = name;
  }

  take(source: number, stream: 'stdout' | 'stderr', terminal: boolean): Flow {
    const kind = relayKind.lossy | (terminal ? relayKind.terminal : 0);
    return relayFlow(
      (ended) => host.startRelay(source, this.#file?.number ?? -1, kind, ended),
      (_moved, lost) => {
        if (lost > 0) host.log(`${stream}: ${this.#name} did not take ${lost} bytes, which are lost`);
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file?.[Symbol.dispose]();
  }
}
