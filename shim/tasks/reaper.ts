import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { systemText } from '../../pkg/sys/system-text.ts';
import { machineFiles } from '../cgroups/machine-files.ts';
import { host } from '../host/host.ts';
import { findProgram } from '../runtime/find-program.ts';
import type { ProgramExit, ProgramOptions, ProgramRunner } from '../runtime/program-runner.ts';
import { collectOutput } from './collect-output.ts';

/** How a child ended, and when we learnt it. */
export interface ChildExit {
  readonly status: number;
  /** Nanoseconds since 1970. */
  readonly at: bigint;
}

/** Exits that may wait for somebody to ask; containers without a process namespace of their own leave us all their orphans. */
const maxUnclaimed = 4096;
const sigkill = 9;
/** What a shell says of a process that it knows nothing of. */
const unknownStatus = 255;

/**
 * Reaps every child of the shim, and tells each exit to whom it concerns.
 *
 * Runtimes leave us their containers' processes as orphans, so that a process may have ended before anybody knows its pid. Whoever makes
 * one holds a *birth* from before it can exist until it has asked for the exit: so long, exits that nobody asked for are kept.
 *
 * @example
 * using _birth = reaper.expectBirth();
 * await runc.create(…);
 * const exit = reaper.exitOf(pid);
 */
export class Reaper implements ProgramRunner {
  readonly #environment: readonly string[];
  readonly #waiting = new Map<number, (exit: ChildExit) => void>();
  readonly #unclaimed = new Map<number, ChildExit>();
  #births = 0;

  /** @param environment of the programs that are run, `NAME=value` each */
  constructor(environment: readonly string[]) {
    this.#environment = environment;
  }

  /** To be called at every SIGCHLD. */
  reap(): void {
    for (let child = host.reap(); child !== null; child = host.reap()) {
      const exit = { status: child.status, at: host.now() };
      const tell = this.#waiting.get(child.pid);
      if (tell) {
        this.#waiting.delete(child.pid);
        tell(exit);
      } else if (this.#births > 0) this.#keep(child.pid, exit);
    }
  }

  /** From now on, until it is disposed, no exit is forgotten. */
  expectBirth(): Disposable {
    this.#births++;
    let held = true;
    return {
      [Symbol.dispose]: (): void => {
        if (!held) return;
        held = false;
        if (--this.#births === 0) this.#unclaimed.clear();
      },
    };
  }

  /** Settles when a child has ended. Called once for a child, while a birth is held or before it can have been reaped. */
  exitOf(pid: number): Promise<ChildExit> {
    const kept = this.#unclaimed.get(pid);
    this.#unclaimed.delete(pid);
    // A child of that pid is another process than the one that was reaped; somebody else's is neither.
    if (isAlive(pid) && (kept === undefined || parentOf(pid) === host.pid())) {
      return new Promise((resolve) => this.#waiting.set(pid, resolve));
    }
    return Promise.resolve(kept ?? { status: unknownStatus, at: host.now() });
  }

  async run(file: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramExit> {
    const path = findProgram(file);
    if (options.fds)
      return { status: await this.#spawn(path, [file, ...args], options.fds, options), output: new Uint8Array() };
    using output = collectOutput();
    const fds = [-1, output.writing, output.writing] as const;
    const exited = this.#spawn(path, [file, ...args], fds, options);
    output.started();
    return { status: await exited, output: output.finish() };
  }

  async #spawn(
    file: string,
    argv: readonly string[],
    [stdin, stdout, stderr]: readonly [number, number, number],
    { cwd, signal }: ProgramOptions,
  ): Promise<number> {
    signal?.throwIfAborted();
    const fds = [0, stdin, 1, stdout, 2, stderr];
    // A runtime that went on without us would make what nobody knows of.
    const pid = spawned(() => host.spawn(file, argv, this.#environment, cwd ?? null, fds, false, true), file);
    const exited = new Promise<ChildExit>((resolve) => this.#waiting.set(pid, resolve));
    // It is ours until it is reaped, so the number is its own.
    const kill = (): void => {
      if (this.#waiting.has(pid)) host.kill(pid, sigkill);
    };
    signal?.addEventListener('abort', kill, { once: true });
    const { status } = await exited;
    signal?.removeEventListener('abort', kill);
    signal?.throwIfAborted();
    return status;
  }

  #keep(pid: number, exit: ChildExit): void {
    this.#unclaimed.delete(pid);
    this.#unclaimed.set(pid, exit);
    if (this.#unclaimed.size <= maxUnclaimed) return;
    const [oldest] = this.#unclaimed.keys();
    if (oldest !== undefined) this.#unclaimed.delete(oldest);
  }
}

/** @throws KindError with the words of Go's programs when the start fails. */
function spawned(spawn: () => number, file: string): number {
  try {
    return spawn();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new KindError('unknown', `fork/exec ${file}: ${systemText(error)}`, { cause: error });
  }
}

/** proc(5): the second field behind the name, which is in brackets and may hold anything. */
function parentOf(pid: number): number {
  const text = machineFiles.read(`/proc/${pid}/stat`) ?? '';
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

/** A zombie counts. */
function isAlive(pid: number): boolean {
  try {
    host.kill(pid, 0);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}
