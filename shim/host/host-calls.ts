/** What tells how a file lies on its filesystem. */
export interface FileStatus {
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly device: number;
  readonly inode: number;
}

/** Handle of a timer, a watch or a relay; never used again for another. */
export type HostHandle = number;

/**
 * What the host, the C program around the engine, does for the shim: system calls, the loop, and the moving of bytes. All calls return at
 * once; what takes time calls back from the loop. What a callback throws, and a rejection that nobody handles, is told on stderr with its stack, and
 * the loop goes on; the watch that called is not looked at again until it is changed. A program that throws while it starts ends (70), and so does
 * (71) a loop in which nothing can happen any more.
 *
 * Failures of system calls are thrown as `SystemError`s (`pkg/sys/system-error.ts`: `code`, `errno`, `syscall`, `path`). Paths are UTF-8
 * without NUL. Descriptors are close-on-exec and, where that means anything, non-blocking; whoever opens one closes it. Byte
 * arrays that are handed out are the caller's to keep; those that are handed in are read before the call returns.
 *
 * The life of a shim: `main` decides by `argv`; `start` listens, `detach`es and becomes the server in the child, while the parent prints the
 * address and exits; the server watches its socket, reaps, and stays in the loop until `exit`.
 *
 * @example
 * const listener = host.listenUnix(path, 0o600);
 * host.watch(listener, watchFor.reading, () => {
 *   for (let fd = host.accept(listener); fd !== null; fd = host.accept(listener)) serve(fd);
 * });
 */
export interface HostCalls {
  /** Command line, the program itself first; environment as `NAME=value`. */
  readonly argv: readonly string[];
  readonly environment: readonly string[];

  /** Ends the process now. */
  exit(code: number): never;
  pid(): number;
  /** A line to stderr; what cannot be taken there at once is lost. */
  log(line: string): void;
  /**
   * Forks. The child (true) leads a session of its own, with `/dev/null` for stdin and stdout, `stderr` for stderr (-1: `/dev/null`) and no other
   * descriptor but `kept`. Timers go on in both, and in the child the watches of what was kept.
   */
  detach(kept: readonly number[], stderr: number): boolean;
  /** Orphans of our descendants become our children. */
  becomeSubreaper(): void;
  /** Our process group, and what it starts, shares the cores of a processor with nobody else. @throws SystemError `EINVAL` of a kernel that cannot. */
  shareCores(): void;
  /** @throws SystemError `ESRCH`, `EPERM`. */
  kill(pid: number, signal: number): void;

  /** Nanoseconds since 1970. */
  now(): bigint;
  /** Nanoseconds of a clock that nobody sets. */
  monotonic(): bigint;
  /** Calls back once, no sooner than after so many milliseconds. */
  setTimer(milliseconds: number, callback: () => void): HostHandle;
  /** Unknown handles are ignored; so are they below. */
  clearTimer(timer: HostHandle): void;
  /**
   * Calls back whenever the descriptor is ready (level-triggered); `interest` and `ready` are sums of `watchFor`. Errors and hang-ups
   * count as both; without interest they are not told either.
   *
   * @throws SystemError `EEXIST` when the descriptor is watched already, `EPERM` for files and directories.
   */
  watch(fd: number, interest: number, callback: (ready: number) => void): HostHandle;
  changeWatch(watch: HostHandle, interest: number): void;
  /** Before the descriptor is closed. */
  endWatch(watch: HostHandle): void;
  /** From now on these signals come here and nowhere else. Called once, and in a child of `detach` if there is one: its watch is not kept. */
  onSignal(signals: readonly number[], callback: (signal: number) => void): void;

  /**
   * As `NativeModule.spawn` (`pkg/sys/native-module.ts`): default dispositions, empty mask, no descriptor but the pairs in `fds`. With
   * `diesWithUs` the program is killed when we end, however we do.
   */
  spawn(
    file: string,
    argv: readonly string[],
    environment: readonly string[],
    cwd: string | null,
    fds: readonly number[],
    newGroup: boolean,
    diesWithUs?: boolean,
  ): number;
  /** A child that has ended, or null when none has: `status` is the exit code, or 128 and the signal. */
  reap(): { readonly pid: number; readonly status: number } | null;

  /** `flags` as in open(2), close-on-exec and non-blocking added. */
  open(path: string, flags: number, mode: number): number;
  close(fd: number): void;
  /** Null when nothing is there yet, an empty array at the end. */
  read(fd: number, most: number): Uint8Array | null;
  /** How many bytes were taken; 0 when none can be now. */
  write(fd: number, bytes: Uint8Array): number;
  /** @throws SystemError `EFBIG` over `most` bytes. */
  readFile(path: string, most: number): Uint8Array;
  /** Written beside its place and renamed, so that nobody sees half of it; `durable` syncs file and directory. */
  writeFile(path: string, bytes: Uint8Array, mode: number, durable: boolean): void;
  /** With parents that are missing. No failure when it is there. */
  makeDirectory(path: string, mode: number): void;
  readDirectory(path: string): string[];
  /** Follows no symlink at the end. */
  status(path: string): FileStatus;
  rename(from: string, to: string): void;
  /** A file or anything but a directory. */
  unlink(path: string): void;
  removeDirectory(path: string): void;
  symlink(target: string, path: string): void;
  readLink(path: string): string;
  makeFifo(path: string, mode: number): void;
  pipe(): readonly [reading: number, writing: number];
  changeOwner(fd: number, uid: number, gid: number): void;
  duplicate(fd: number): number;

  /** `@` begins an abstract name. A socket file has exactly this mode. @throws SystemError `EADDRINUSE`. */
  listenUnix(path: string, mode: number): number;
  /** @throws SystemError `ENOENT`, `ECONNREFUSED`, `EAGAIN` when too many wait there. */
  connectUnix(path: string): number;
  /** Null when nobody waits. */
  accept(listener: number): number | null;
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number };
  /** A descriptor sent along with a message (SCM_RIGHTS); null when nothing came yet. @throws SystemError `EPROTO` when the peer left without. */
  receiveDescriptor(fd: number): number | null;
  /** Of a terminal. */
  setWindowSize(fd: number, columns: number, rows: number): void;

  /** As `NativeModule.mount`, `mountByParameters` and `umount2`. */
  mount(
    source: string,
    target: string,
    type: string | null,
    flags: number,
    data: string | null,
    cwd: string | null,
  ): void;
  mountByParameters(
    source: string,
    target: string,
    type: string,
    attributes: number,
    parameters: readonly string[],
  ): void;
  unmount(target: string, flags: number): void;

  encodeUtf8(text: string): Uint8Array;
  /** Malformed bytes become U+FFFD. */
  decodeUtf8(bytes: Uint8Array): string;
  /** Hexadecimal. */
  sha256(bytes: Uint8Array): string;
}
