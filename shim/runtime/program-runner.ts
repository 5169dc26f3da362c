/** How to run a program. */
export interface ProgramOptions {
  /** Descriptors for its standard streams, -1 for `/dev/null`; they stay the caller's. Without them its output is collected. */
  readonly fds?: readonly [stdin: number, stdout: number, stderr: number] | undefined;
  readonly cwd?: string | undefined;
  /** Settles early: the program is killed then, and its exit is waited for. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. */
export interface ProgramExit {
  /** The exit code, or 128 and the signal's number. */
  readonly status: number;
  /** What it wrote to stdout and stderr, as it came; empty unless collected. */
  readonly output: Uint8Array;
}

/** Runs programs to their end. */
export interface ProgramRunner {
  /**
   * Resolves when the program has ended; what it leaves running is not waited for.
   * @param file by path, or by name to look for in PATH
   * @throws SystemError, as `ENOENT`, when it cannot be started.
   */
  run(file: string, args: readonly string[], options?: ProgramOptions): Promise<ProgramExit>;
}
