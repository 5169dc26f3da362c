/** The name of a standard stream. */
export type StreamName = 'stdin' | 'stdout' | 'stderr';

/**
 * What another shim needs to go on where this one ended, in plain JSON. The pipes' other ends are with the container: `/proc/PID/fd/N` of any process that holds
 * `pipe:[inode]`. A terminal's master is with this shim alone: whoever is to survive it takes a copy of `/proc/SHIM/fd/MASTER` by pidfd_getfd(2).
 */
export interface StdioHandles {
  /** As the client gave them. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  /** Inodes of the pipes between us and the process. A stream without one is `/dev/null`, or the terminal. */
  readonly pipes: Partial<Record<StreamName, number>>;
  /** Descriptor in this shim; -1 when there is none yet. */
  readonly master: number;
  /** The program that reads the output, 0 for none. */
  readonly loggerPid: number;
  readonly stdinClosed: boolean;
}
