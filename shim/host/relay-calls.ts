import type { HostHandle } from './host-calls.ts';

/**
 * Why a relay ended: 0 at the end of its source, else an errno. `moved` and `lost` are bytes; lost is what a broken sink refused.
 */
export type RelayEnded = (error: number, moved: number, lost: number) => void;

/** What a log has written, and what its file refused, in bytes of records; `error` is the errno of the last write that failed, 0 when the last one did not. */
export interface LogState {
  readonly written: number;
  readonly lost: number;
  readonly error: number;
}

/**
 * What moving the bytes of containers needs of the host besides `HostCalls`; the same rules hold. No byte of it passes through JavaScript.
 *
 * A relay moves what comes from a descriptor to another, or into a log, until the source ends; what the sink has no room for stays in the source, so that
 * the writer there waits. Descriptors stay the caller's, who closes them after the relay has ended or was stopped.
 *
 * @example
 * const [ours, theirs] = host.containerPipe(true, 0, 0);
 * const relay = host.startRelay(ours, sink, relayKind.lossy, () => host.close(ours));
 */
export interface RelayCalls {
  /**
   * A pipe between us and a container, which `uid` and `gid` own. Our end does not block, the container's does. When the container writes, its end is open
   * for reading too: so the pipe outlives us, nobody who writes to it gets SIGPIPE, and a successor finds our end there.
   */
  containerPipe(containerWrites: boolean, uid: number, gid: number): readonly [ours: number, containers: number];
  /** Opens what a descriptor stands for once more; `flags` as in open(2), close-on-exec added, blocking unless they say otherwise. */
  reopen(fd: number, flags: number): number;
  /** Whether it is a pipe or FIFO. */
  isPipe(fd: number): boolean;
  /** Whether anybody has the reading end of the pipe whose writing end this is. */
  hasReader(fd: number): boolean;
  /** Whether something can be written to the pipe whose writing end this is. */
  hasRoom(fd: number): boolean;

  /** `kind` is a sum of `relayKind`; a sink of -1 drops all. The source is no regular file. */
  startRelay(source: number, sink: number, kind: number, ended: RelayEnded): HostHandle;
  /** The same into a stream of a log, which ends with the relay. */
  startLogRelay(source: number, log: HostHandle, stderr: boolean, kind: number, ended: RelayEnded): HostHandle;
  /** Ends it without calling back. */
  stopRelay(relay: HostHandle): void;
  /** Nobody will open the terminal anew: its relay ends once it is closed and all is moved. */
  finishRelay(relay: HostHandle): void;

  /** Opens a CRI log for appending; lines longer than `longestLine` (1 to 1 MiB, in bytes) are written in pieces. */
  openLog(path: string, longestLine: number): HostHandle;
  /** Goes on in the file that now has the path; a failure leaves the log as it is. No line is lost or cut. */
  reopenLog(log: HostHandle): void;
  /** @throws SystemError `EBUSY` while a relay feeds it. */
  closeLog(log: HostHandle): void;
  logState(log: HostHandle): LogState;
  /**
   * Sends a copy of what comes from now on to a pipe, FIFO or socket, which is the host's from now on, failure or not. `left` is called when it
   * was closed: 0 at the stream's end, EAGAIN (11) when it fell behind, EPIPE (32) and kin when its reader left.
   */
  attachReader(log: HostHandle, stderr: boolean, fd: number, left: (reason: number) => void): void;

  /** A pidfd: ready for reading once the process has ended. @throws SystemError `ESRCH` when there is no such process. */
  openProcess(pid: number): number;
  /** @throws SystemError `ESRCH` when it has ended. */
  signalProcess(fd: number, signal: number): void;
}
