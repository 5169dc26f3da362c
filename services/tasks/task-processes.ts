import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { OwnedDescriptor } from '../../pkg/sys/owned-descriptor.ts';
import type { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { openProcess } from './open-process.ts';
import type { SuccessorRecord } from './successor-record.ts';

/**
 * Handles of a task's processes: whatever becomes of the shim, they tell how each of them ended, keep its terminal open, and the FIFOs of its output,
 * so that a client that reads them does not see their end while there is no shim.
 *
 * A process is held from when its pid is known until it is deleted; what has ended before anybody could hold it is not there. Nothing
 * here fails: who cannot be held is just not known.
 *
 * @example
 * using processes = new TaskProcesses();
 * processes.hold('', pid);
 * processes.handle('')?.exitStatus;
 */
export class TaskProcesses implements Disposable {
  readonly #handles = new Map<string, ProcessHandle>();
  readonly #terminals = new Map<string, OwnedDescriptor>();
  readonly #outputs = new Map<string, readonly Promise<FileHandle | undefined>[]>();
  #disposed = false;

  /** @param execId empty for the first process */
  hold(execId: string, pid: number, start?: number): void {
    if (this.#disposed || pid <= 0 || this.#handles.has(execId)) return;
    try {
      const handle = openProcess(pid, start);
      if (handle) this.#handles.set(execId, handle);
    } catch (error) {
      // EMFILE: whom we cannot hold ends as one that nobody has held.
      if (!isSystemError(error)) throw error;
    }
  }

  /** Holds what a shim has told of and is not held yet: processes, and, as long as the shim lives, the masters of their terminals. */
  holdAll({ shim, processes }: SuccessorRecord): void {
    for (const { execId, pid, start, outputs } of processes) {
      this.hold(execId, pid, start);
      const handle = this.#handles.get(execId);
      if (handle && handle.exitStatus === undefined) void this.holdOutputs(execId, outputs);
    }
    const wanted = processes.filter(({ execId, master }) => master !== undefined && !this.#terminals.has(execId));
    if (this.#disposed || wanted.length === 0) return;
    try {
      using owner = openProcess(shim.pid, shim.start);
      for (const { execId, master } of wanted) {
        if (owner && master !== undefined) this.#terminals.set(execId, owner.copyDescriptor(master));
      }
    } catch (error) {
      // The shim has died, or closed it meanwhile.
      if (!isSystemError(error)) throw error;
    }
  }

  /**
   * Holds what a process writes to, if it is a FIFO, until {@link releaseOutputs}: when the process has ended, its client waits for the end of its output.
   * @param outputs as the client named them
   * @returns settles when they are held
   */
  async holdOutputs(execId: string, outputs: readonly string[]): Promise<void> {
    if (this.#disposed || this.#outputs.has(execId)) return;
    const paths = new Set(outputs.map(fifoPathOf).filter((path) => path !== undefined));
    if (paths.size === 0) return;
    const opening = [...paths].map(openFifo);
    this.#outputs.set(execId, opening);
    await Promise.allSettled(opening);
  }

  /** The process has ended. */
  releaseOutputs(execId: string): void {
    const outputs = this.#outputs.get(execId) ?? [];
    this.#outputs.delete(execId);
    for (const output of outputs) void output.then((file) => file?.close()).catch(() => undefined);
  }

  handle(execId: string): ProcessHandle | undefined {
    return this.#handles.get(execId);
  }

  /** The master of a process's terminal. */
  terminal(execId: string): OwnedDescriptor | undefined {
    return this.#terminals.get(execId);
  }

  /** Lets go of a process that has been deleted. */
  release(execId: string): void {
    this.#handles.get(execId)?.[Symbol.dispose]();
    this.#terminals.get(execId)?.[Symbol.dispose]();
    this.#handles.delete(execId);
    this.#terminals.delete(execId);
    this.releaseOutputs(execId);
  }

  /** Lets go of all, and holds nothing more; idempotent. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    const held = [this.#handles, this.#terminals, this.#outputs];
    for (const execId of held.flatMap((map) => [...map.keys()])) this.release(execId);
  }
}

function fifoPathOf(output: string): string | undefined {
  const path = output.startsWith('fifo://') ? output.slice('fifo://'.length) : output;
  return path.startsWith('/') ? path : undefined;
}

/** Undefined when there is none, or nobody has its other end, as the shim does. Never waits for a reader. */
async function openFifo(path: string): Promise<FileHandle | undefined> {
  try {
    // To open something else may do something.
    if ((await stat(path)).isFIFO()) return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
  return undefined;
}
