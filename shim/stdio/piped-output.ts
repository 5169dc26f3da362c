import { host } from '../host/host.ts';
import type { Flow } from './flow.ts';
import type { Outlet } from './outlet.ts';
import { OwnedFd } from './owned-fd.ts';
import { pipeInode } from './pipe-inode.ts';

/** A process's stdout or stderr: a pipe, and where it goes. */
export class PipedOutput implements Disposable {
  readonly stream: 'stdout' | 'stderr';
  readonly inode: number;
  readonly #ours: OwnedFd;
  readonly #theirs: OwnedFd;
  #flow: Flow | undefined;

  /** @throws SystemError */
  constructor(stream: 'stdout' | 'stderr', uid: number, gid: number) {
    this.stream = stream;
    const [ours, theirs] = host.containerPipe(true, uid, gid);
    this.#ours = new OwnedFd(ours);
    this.#theirs = new OwnedFd(theirs);
    this.inode = pipeInode(ours);
  }

  /** For the process. */
  get childFd(): number {
    return this.#theirs.number;
  }

  /** Our reading end. */
  get reading(): number {
    return this.#ours.number;
  }

  /** Once it was started. */
  get flow(): Flow | undefined {
    return this.#flow;
  }

  /** The process has its end. Once. */
  start(outlet: Outlet): void {
    this.#theirs[Symbol.dispose]();
    this.#flow = outlet.take(this.#ours.number, this.stream, false);
    void this.#flow.ended.then(() => this.#ours[Symbol.dispose]());
  }

  [Symbol.dispose](): void {
    this.#flow?.[Symbol.dispose]();
    this.#ours[Symbol.dispose]();
    this.#theirs[Symbol.dispose]();
  }
}
