import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Shim } from './shim.ts';
import type { ProcessIo } from './task-service.ts';
import type { TaskMethod, TaskRequest, TaskResponse } from './task-client.ts';
import type { TaskExit } from './task-exit.ts';
import { TaskProcesses } from './task-processes.ts';
import { untilAborted } from './until-aborted.ts';

/** What may be asked of a successor again, though the shim before it may have done it already. */
const repeatable: ReadonlySet<TaskMethod> = new Set<TaskMethod>([
  'wait',
  'state',
  'pids',
  'stats',
  'connect',
  'kill',
  'delete',
  'update',
  'closeIO',
  'resizePty',
]);

/**
 * A container that a shim has created. Its state is the shim's alone: every question goes there.
 *
 * When the shim dies and another takes over, calls that were under way are asked again of that one, unless they change what they found; these
 * are `unavailable`. When none takes over, what is left is cleaned up; calls that were under way wait for that and then say `not-found`, and
 * those that wait for the container's end learn how it ended.
 */
export class Task {
  readonly namespace: string;
  readonly id: string;
  readonly processes: TaskProcesses;
  #shim: Shim;
  /** The container's first process; 0 until it is created. */
  #pid = 0;
  /** By exec id, of processes that are not held yet. */
  readonly #expected = new Map<string, { readonly terminal: boolean; readonly outputs: readonly string[] }>();
  readonly #canBeFollowed: boolean;
  readonly #gone = Promise.withResolvers<TaskExit | undefined>();
  #replaced = Promise.withResolvers<void>();
  /** Waits that the shim knows of by exec id: one each, however many clients come and go. */
  readonly #waits = new Map<string, Promise<TaskExit>>();

  /** @param processes those that are held already, of a shim that can be followed; from now on the task's to dispose */
  constructor(shim: Shim, processes?: TaskProcesses) {
    this.namespace = shim.bundle.namespace;
    this.id = shim.bundle.id;
    this.#shim = shim;
    this.processes = processes ?? new TaskProcesses();
    this.#canBeFollowed = processes !== undefined || shim.address.canBeFollowed === true;
  }

  get shim(): Shim {
    return this.#shim;
  }

  get pid(): number {
    return this.#pid;
  }

  set pid(pid: number) {
    this.#pid = pid;
    this.processes.hold('', pid);
  }

  /** A process is to be started: what it writes to and whether it has a terminal is kept until {@link hold}, if its shim can have a successor. */
  expect(execId: string, { terminal, stdout, stderr }: Omit<ProcessIo, 'stdin'>): void {
    if (this.#canBeFollowed) this.#expected.set(execId, { terminal, outputs: terminal ? [stdout] : [stdout, stderr] });
  }

  /** A process has been started, or waits to be: holds it, and what another shim would need of it. */
  hold(execId: string, pid: number): void {
    if (execId === '') this.pid = pid;
    else this.processes.hold(execId, pid);
    const expected = this.#expected.get(execId);
    if (!expected || pid === 0) return;
    this.#expected.delete(execId);
    void this.processes.holdOutputs(execId, expected.outputs);
    if (expected.terminal) void this.#holdTerminals();
  }

  async #holdTerminals(): Promise<void> {
    const record = await this.shim.bundle.readSuccessorRecord().catch(() => undefined);
    if (record) this.processes.holdAll(record);
  }

  /** Settles when the task is no more, with how it ended if its shim died. */
  get gone(): Promise<TaskExit | undefined> {
    return this.#gone.promise;
  }

  /** Called once by who has taken the task away. */
  markGone(exit: TaskExit | undefined): void {
    this.processes[Symbol.dispose]();
    this.#gone.resolve(exit);
  }

  /** Another shim has taken over from one that died. */
  follow(successor: Shim): void {
    this.#shim = successor;
    this.#replaced.resolve();
    this.#replaced = Promise.withResolvers();
  }

  /**
   * Asks the shim.
   * @throws KindError with the shim's code and text, `not-found` when the shim has died, the signal's reason.
   */
  async call<M extends TaskMethod>(method: M, request: TaskRequest<M>, signal?: AbortSignal): Promise<TaskResponse<M>> {
    for (;;) {
      const { shim } = this;
      const replaced = this.#replaced.promise;
      try {
        return await shim.client.call(method, request, signal);
      } catch (error) {
        if (!shim.client.isClosed) throw error;
        await untilAborted(Promise.race([this.gone, replaced]), signal);
        if (this.shim === shim) throw this.#dead('its shim has died', 'not-found', error);
        if (!repeatable.has(method)) {
          throw this.#dead(`its shim died at ${method}, and another has taken over`, 'unavailable', error);
        }
      }
    }
  }

  /** Resolves when a process has ended; an empty `execId` means the first one. Aborting gives up this caller's wait alone. */
  async wait(execId: string, signal?: AbortSignal): Promise<TaskExit> {
    let pending = this.#waits.get(execId);
    if (!pending) {
      pending = this.#wait(execId).finally(() => this.#waits.delete(execId));
      this.#waits.set(execId, pending);
      // Its failure belongs to those who wait; there may be none left.
      pending.catch(() => undefined);
    }
    return untilAborted(pending, signal);
  }

  async #wait(execId: string): Promise<TaskExit> {
    try {
      const { exitStatus, exitedAt } = await this.call('wait', { id: this.id, execId });
      this.processes.releaseOutputs(execId);
      return { pid: this.pid, exitStatus, exitedAt };
    } catch (error) {
      if (!this.shim.client.isClosed || execId !== '') throw error;
      const exit = await this.gone;
      if (exit) return exit;
      throw error;
    }
  }

  #dead(how: string, kind: 'not-found' | 'unavailable', cause: unknown): KindError {
    return new KindError(kind, `task "${this.id}" in namespace "${this.namespace}": ${how}`, { cause });
  }
}
