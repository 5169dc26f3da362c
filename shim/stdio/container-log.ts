import type { LogState } from '../host/relay-calls.ts';

/** Why a reader was let go: the output ended, it left, it fell behind, or its descriptor failed. */
export type ReaderEnd = 'ended' | 'left' | 'lagged' | 'failed';

/**
 * The CRI log of a process. It is written whether anybody reads or not; readers besides get the output as it comes, without times and tags.
 *
 * @example
 * log.attach('stdout', fd, (end) => …);
 * log.reopen(); // somebody has renamed the file
 */
export interface ContainerLog {
  /** Goes on in the file that now has the path, which is made if missing. No line is lost, cut, or written to both. @throws SystemError; then the log is as before. */
  reopen(): void;
  /**
   * Sends what comes from now on to a pipe, FIFO or socket too, which is the log's from now on. A reader may hold the output back for a second each
   * 32 KiB; one that is slower is let go.
   */
  attach(stream: 'stdout' | 'stderr', fd: number, left: (end: ReaderEnd) => void): void;
  state(): LogState;
}
