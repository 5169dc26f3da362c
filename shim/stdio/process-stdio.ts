import type { ContainerLog } from './container-log.ts';
import type { StdioHandles } from './stdio-handles.ts';

/** What a process's maker asked for. */
export interface StdioRequest {
  /** Nothing, a path or a URI each, see `parseStdioUri`. Of a terminal, `stderr` is not used. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
  /** Who owns the pipes; default root. */
  readonly ioUid?: number;
  readonly ioGid?: number;
  /** What a logger is told. */
  readonly containerId: string;
  readonly namespace: string;
  /** A directory for what lives as long as the process is being made. */
  readonly bundle: string;
}

/**
 * The standard streams of a process: what its runtime gets for it, and the moving of bytes between that and what the client asked for.
 *
 * Opened before the process is made; started when the runtime has made it, or disposed when it could not; drained when it has ended; disposed
 * when it is deleted. What a client does with its ends (late, gone, slow) never shows in a promise but `drained`, which has a limit.
 *
 * @example
 * const stdio = await openStdio(request);
 * await runc.create(id, settings, stdio);
 * await stdio.started();
 * …
 * await stdio.drained(10_000);
 * await stdio[Symbol.asyncDispose]();
 */
export interface ProcessStdio extends AsyncDisposable {
  /** For the runtime: stdin, stdout, stderr; -1 is `/dev/null`. All -1 with a terminal. They are ours until `started`. */
  readonly childFds: readonly [stdin: number, stdout: number, stderr: number];
  /** Where the runtime is to send the terminal's master. */
  readonly consoleSocket?: string;
  /** Of output that goes to a CRI log. */
  readonly log?: ContainerLog | undefined;

  /**
   * The runtime has made the process. Closes our copies of its ends, and begins to move bytes.
   * @throws KindError `deadline-exceeded`, `unknown` when the runtime sent no terminal.
   */
  started(): Promise<void>;
  /** The end of stdin, as soon as the client has closed its end too and all that it wrote was read. Again: nothing. */
  closeStdin(): void;
  /** Of a terminal, else nothing. Before the terminal is there, it will get that size. */
  resize(columns: number, rows: number): void;
  /**
   * The process has ended: settles when all that was written is where it goes; at the limit when others still hold the output, or a client
   * takes it slowly; soon when it does not fit into the FIFO of a client that is not there. The rest is moved on until it is disposed.
   */
  drained(limitMs: number): Promise<void>;
  /** What a successor of this shim needs to go on. */
  handles(): StdioHandles;
}
