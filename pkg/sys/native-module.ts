import type { NativeTreeCalls } from './native-tree-calls.ts';

/** The state of unpacking one stream; its memory goes when it is collected. */
export interface NativeInflater {
  readonly inflater: unique symbol;
}

/**
 * What `native/node` exports: thin calls whose failures are thrown (or reject) as {@link SystemError}s.
 * Only files of this folder use it. Paths are UTF-8 strings; a *byte string* holds one byte a character, so
 * that names that are not UTF-8 survive. `background` runs a call on the thread pool behind a promise.
 */
export interface NativeModule extends NativeTreeCalls {
  /** `fds` are pairs of the child's descriptor and its source, -1 for /dev/null. */
  spawn(
    file: string,
    argv: readonly string[],
    environment: readonly string[],
    cwd: string | null,
    fds: Int32Array,
    newGroup: boolean,
  ): { pid: number; pidfd: number };
  /** Reaps a child; `code` or `signal` is -1, whichever does not apply. */
  watchExit(pidfd: number, callback: (errno: number, code: number, signal: number) => void): void;

  mount(
    source: string,
    target: string,
    type: string | null,
    flags: number,
    data: string | null,
    cwd: string | null,
    background: boolean,
  ): Promise<void> | undefined;
  /** `parameters` alternates keys and values; an empty value makes a flag. */
  mountByParameters(
    type: string,
    source: string,
    target: string,
    attributes: number,
    parameters: readonly string[],
    background: boolean,
  ): Promise<void> | undefined;
  umount2(path: string, flags: number, background: boolean): Promise<void> | undefined;
  /** `what`: 0 for syncfs, 1 for fsync. */
  sync(path: string, what: 0 | 1, background: boolean): Promise<void> | undefined;

  /** Bytes of disk and inodes of a tree. The three run on the thread pool; paths are UTF-8, what lies beneath may have any name. */
  treeUsage(path: string): Promise<{ size: number; inodes: number }>;
  removeTree(path: string): Promise<void>;
  copyTree(from: string, to: string): Promise<void>;

  pipe(): [read: number, write: number];
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** As wait(2) gives it; -1 while it cannot be told. `pid` is the process's number, for one that nobody has reaped. */
  pidfdStatus(pidfd: number, pid: number): number;
  /** A copy of another process's descriptor, close-on-exec. */
  pidfdGetfd(pidfd: number, fd: number): number;
  peerCredentials(fd: number): { pid: number; uid: number; gid: number };
  getrlimit(resource: number): [soft: number, hard: number];
  setrlimit(resource: number, soft: number, hard: number): void;
  mkfifo(path: string, mode: number): void;
  umask(mask: number): number;
  startUmask(): number;
  /** Whether the file behind the descriptor is locked now (flock); held until the descriptor closes. */
  tryLock(fd: number): boolean;
  /** Takes a signal out of the calling thread's mask. */
  unblockSignal(signal: number): void;
  /** Makes malloc keep little of what is freed, from now on. */
  limitKeptMemory(): void;
  /** Gives memory back that is free; on the thread pool. */
  trimMemory(): Promise<void>;
  /** `validate`: whether the content is compared with the check values behind it. */
  makeInflater(validate: boolean): NativeInflater;
  /**
   * On the thread pool: unpacks gzip from a file, of which `readable` bytes may be read from `offset` on, until they are used up or `output`
   * is full; gives how many bytes were read and made. Until then the inflater, the descriptor and the output must be left alone. With
   * `ended` nothing follows these bytes. EBADMSG stands for a stream that is damaged or ends too early; the `syscall` says which.
   */
  inflateFile(
    inflater: NativeInflater,
    fd: number,
    offset: number,
    readable: number,
    ended: boolean,
    output: Uint8Array,
  ): Promise<readonly [taken: number, made: number]>;
  /** One message to a unix datagram socket; `@` begins an abstract name. Never waits. */
  sendDatagram(path: string, text: string): void;
  /** Meters this thread's loop; `bounds` are the bytes of up to 32 rising uint64 in nanoseconds. The counters change by themselves. */
  startLoopMeter(bounds: Uint8Array): ArrayBuffer;
}
