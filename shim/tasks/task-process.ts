import type { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { StdioHandles } from '../stdio/stdio-handles.ts';
import type { ProcessEnd } from './process-end.ts';

/** How a process stands; `deleted` is what remains of one that was deleted while somebody still held it. */
export type ProcessState = 'created' | 'running' | 'paused' | 'stopped' | 'deleted';

/** What its maker asked for, as `State` repeats it. */
export interface StdioNames {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/**
 * A process of a container: its first one, or one that Exec added.
 *
 * It is created, started, ends by itself or by a signal, and is deleted. Its end comes in three steps: it is *gone* when it has been
 * reaped, from when on nothing reaches it; then its output is awaited; then it is *stopped*, when everybody is told. What a state
 * does not allow is refused with the words of containerd's shim.
 *
 * Whoever changes a process holds its turn, so that a start is told before an end, and nothing is done to it twice.
 *
 * @example
 * using _turn = await process.turn.acquire();
 * await process.start();
 * publish(started(process.pid));
 */
export interface TaskProcess {
  /** The container's id, or the exec's. */
  readonly id: string;
  /** Empty for the first process. */
  readonly execId: string;
  /** 0 until it is known. */
  readonly pid: number;
  readonly stdio: StdioNames;
  readonly state: ProcessState;
  /** Whether it has been reaped. */
  readonly gone: boolean;
  /** Undefined until it is stopped. */
  readonly end: ProcessEnd | undefined;
  readonly turn: Semaphore;
  /** What a successor needs of its streams; undefined when there are none yet, or none any more. */
  readonly handles: StdioHandles | undefined;
  /** Settles when it is stopped, or could not be started. */
  readonly ended: Promise<void>;

  start(): Promise<void>;
  /** @throws KindError `not-found` when it has ended. */
  kill(signal: number, all: boolean): Promise<void>;
  /** It has been reaped: its pid may be somebody else's from now on. */
  markGone(): void;
  /** Settles when what it wrote is where it goes, or after a while. */
  drained(): Promise<void>;
  /** It is stopped. Once; later ends are ignored. */
  setEnd(end: ProcessEnd): Promise<void>;
  delete(): Promise<void>;
  resize(columns: number, rows: number): void;
  closeStdin(): void;
}
