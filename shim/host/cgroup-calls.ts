/**
 * What watching cgroups, and the directory of a socket, needs of the host besides `HostCalls`; the same rules hold.
 *
 * @example
 * const counter = host.eventFd();
 * host.watch(counter, watchFor.reading, () => host.read(counter, 8));
 */
export interface CgroupCalls {
  /** A counter that the kernel adds to (eventfd(2)): ready for reading while it is not zero. Reading gives its eight bytes and makes it zero. */
  eventFd(): number;
  /** Reads from an offset on, which leaves the descriptor's own alone: how a file that the kernel makes up is read anew. */
  readAt(fd: number, offset: number, most: number): Uint8Array;
  /**
   * A descriptor (inotify(7)) that is ready for reading once something of `events` (`IN_CREATE` and kin) happened to what `path` names, or in it.
   * @throws SystemError `ENOENT`; `EMFILE` when the user has no instance left, which are few.
   */
  watchPath(path: string, events: number): number;
}
