import type { CreateTaskRequest, ExecProcessRequest } from '../../api/gen/containerd/task/v3/task.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { locateCgroup } from '../cgroups/locate-cgroup.ts';
import { readStats, readStatsIfThere } from '../cgroups/read-stats.ts';
import { watchOom } from '../cgroups/watch-oom.ts';
import { forgetForSuccessor, keepForSuccessor } from '../takeover/keep-for-successor.ts';
import { Bundle } from './bundle.ts';
import { Container } from './container.ts';
import { ExecProcess } from './exec-process.ts';
import { InitProcess } from './init-process.ts';
import type { ProcessEnd } from './process-end.ts';
import type { ChildExit, Reaper } from './reaper.ts';
import { checkpointOptions, runcOptions } from './runc-options.ts';
import { TaskEvents, type EventSink } from './task-events.ts';
import type { TaskProcess } from './task-process.ts';

/** How a process ends that a shim which died has left: it will, or it has and everybody knows. */
export type InheritedEnd = { readonly exit: Promise<ChildExit> } | { readonly told: ProcessEnd };

/** A container that is being made. */
interface PendingCreate {
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal | undefined;
  /** Settles when it is made, or taken back. */
  readonly done: Promise<void>;
}

/** What {@link Tasks} stands on. */
export interface TasksParts {
  readonly namespace: string;
  readonly reaper: Reaper;
  readonly events: EventSink;
  readonly log: Logger;
}

/**
 * The containers of a shim, and all that may be done to them. Failures are KindErrors with the words of containerd's shim.
 *
 * The life of a container: `create` makes it, `start` runs its first process, `exec` adds further ones, which are started likewise. A process
 * that ends is told of by `/tasks/exit`, once its output is where it goes, what ended it has been told of, and its exit is kept in the
 * bundle; that of the first process is the container's last but one event, after those of all the others, which it ends. `delete` removes it
 * and frees its name.
 *
 * @example
 * const tasks = new Tasks({ namespace: 'default', reaper, events, log });
 * await tasks.create(request);
 * await tasks.start('c1', '');
 */
export class Tasks {
  readonly #parts: TasksParts;
  readonly #events: TaskEvents;
  readonly #containers = new Map<string, Container>();
  readonly #creating = new Map<string, PendingCreate>();

  constructor(parts: TasksParts) {
    this.#parts = parts;
    this.#events = new TaskEvents(parts.events);
  }

  /** Whether there is no container, and none is being made. */
  get empty(): boolean {
    return this.#containers.size === 0 && this.#creating.size === 0;
  }

  /** @throws KindError `not-found`. */
  container(id: string): Container {
    const container = this.#containers.get(id);
    if (!container) throw new KindError('not-found', 'container not created');
    return container;
  }

  /** @throws KindError `not-found`, for the container as for the process. */
  process(id: string, execId: string): TaskProcess {
    return this.container(id).process(execId);
  }

  /** The pid of a container's first process; 0 for one that is unknown. */
  pidOf(id: string): number {
    return this.#containers.get(id)?.init.pid ?? 0;
  }

  /** @returns the pid of the process that waits to be started; 0 for one that is to be restored. */
  async create(request: CreateTaskRequest, signal?: AbortSignal): Promise<number> {
    const { id } = request;
    validateIdentifier(id, 'container id');
    const pending = this.#creating.get(id);
    // One that nobody waits for any more is being taken back.
    if (pending?.signal?.aborted) await pending.done;
    if (this.#containers.has(id) || this.#creating.has(id)) throw new KindError('already-exists', `container ${id}`);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#creating.set(id, { signal, done });
    try {
      return await this.#create(request, signal);
    } finally {
      this.#creating.delete(id);
      resolve();
    }
  }

  async #create(request: CreateTaskRequest, signal: AbortSignal | undefined): Promise<number> {
    const options = runcOptions(request.options);
    const { namespace, reaper: runner, log } = this.#parts;
    using _birth = runner.expectBirth();
    const parts = { namespace, request, options, bundle: new Bundle(request.bundle), runner, log };
    const container = new Container(await InitProcess.create(parts, signal));
    this.#containers.set(request.id, container);
    this.#events.create(request, container.init.pid);
    if (container.init.pid !== 0) this.#adopt(container);
    return container.init.pid;
  }

  /**
   * Takes in a container that a shim which died has left; its processes are known, and their ends, past or to come.
   * @param ends by exec id; the first process is the empty one
   */
  takeIn(container: Container, ends: ReadonlyMap<string, InheritedEnd>): void {
    const { id, init, execs } = container;
    this.#containers.set(id, container);
    this.#watchMemory(container);
    for (const process of [...execs.values(), init]) {
      const end = ends.get(process.execId);
      if (!end) continue;
      if ('told' in end) {
        process.markGone();
        void process.setEnd(end.told);
      } else if (process === init) container.ending = end.exit.then((exit) => this.#endInit(container, exit));
      else {
        container.execBegins();
        void end.exit.then((exit) => this.#endExec(container, process, exit));
      }
    }
    keepForSuccessor(container);
  }

  /** @returns the pid. */
  async start(id: string, execId: string): Promise<number> {
    const container = this.container(id);
    const process = container.process(execId);
    return execId === '' ? this.#startInit(container) : this.#startExec(container, process);
  }

  /** Makes a further process known; it is started by {@link start}. */
  async exec(request: ExecProcessRequest): Promise<void> {
    const container = this.container(request.id);
    validateIdentifier(request.execId, 'exec id');
    using _turn = await container.init.turn.acquire();
    container.add(request, () => new ExecProcess(container.init, request, this.#parts.log));
    this.#events.execAdded(request.id, request.execId);
  }

  async kill(id: string, execId: string, signal: number, all: boolean): Promise<void> {
    const process = this.process(id, execId);
    using _turn = await process.turn.acquire();
    await process.kill(signal, all);
  }

  /** @returns the process as it was at last. */
  async delete(id: string, execId: string): Promise<TaskProcess> {
    const container = this.container(id);
    const process = container.process(execId);
    // Whoever has seen it end may delete it, though its output is not all where it goes.
    if (process.gone) await process.ended;
    {
      using _turn = await process.turn.acquire();
      await process.delete();
    }
    if (execId !== '') {
      container.execs.delete(execId);
      return process;
    }
    // One that was never started has been killed by that, and its exit comes first.
    await container.ending;
    container.oom?.[Symbol.dispose]();
    this.#containers.delete(id);
    forgetForSuccessor(container);
    await this.#attempt('cannot drop execs', id, () => container.dropExecs());
    this.#events.delete(id, process.pid, process.end);
    return process;
  }

  async pause(id: string): Promise<void> {
    const { init } = this.container(id);
    using _turn = await init.turn.acquire();
    await init.pause();
    this.#events.paused(id);
  }

  async resume(id: string): Promise<void> {
    const { init } = this.container(id);
    using _turn = await init.turn.acquire();
    await init.resume();
    this.#events.resumed(id);
  }

  /** Writes the container's state into a directory. */
  async checkpoint(id: string, path: string, options: Any | undefined): Promise<void> {
    const { init } = this.container(id);
    using _turn = await init.turn.acquire();
    await init.checkpoint(path, checkpointOptions(options));
  }

  /** @param resources JSON of the OCI runtime specification's LinuxResources */
  async update(id: string, resources: Any | undefined): Promise<void> {
    const { init } = this.container(id);
    if (!resources) throw new KindError('invalid-argument', `update of container ${id} without resources`);
    using _turn = await init.turn.acquire();
    await init.update(resources.value);
  }

  /** The pids of all processes of a container, and the names of those that Exec added. */
  async pids(id: string): Promise<{ pid: number; execId: string | undefined }[]> {
    const { init, execs } = this.container(id);
    // To the runtime it may be gone already.
    if (init.state === 'stopped') return [];
    const pids = await init.runc.ps(id);
    const names = new Map(Array.from(execs.values(), (exec) => [exec.pid, exec.execId]));
    return pids.map((pid) => ({ pid, execId: names.get(pid) }));
  }

  /** The container's cgroup in figures. */
  stats(id: string): Any {
    const { cgroup, lastStats } = this.container(id);
    if (!cgroup) throw new KindError('not-found', 'cgroup does not exist');
    return lastStats ?? readStats(cgroup);
  }

  async #startInit(container: Container): Promise<number> {
    const { init } = container;
    using _birth = this.#parts.reaper.expectBirth();
    using _turn = await init.turn.acquire();
    const restored = init.pid === 0;
    await init.start();
    this.#events.start(init.id, init.pid);
    if (restored) this.#adopt(container);
    return init.pid;
  }

  async #startExec(container: Container, process: TaskProcess): Promise<number> {
    if (container.init.gone) {
      throw new KindError('failed-precondition', `container ${container.id} init process is not running`);
    }
    container.execBegins();
    using _birth = this.#parts.reaper.expectBirth();
    using _turn = await process.turn.acquire();
    try {
      await process.start();
    } catch (error) {
      container.execEnds();
      throw error;
    }
    this.#events.execStarted(container.id, process.execId, process.pid);
    this.#keepForSuccessor(container, process);
    void this.#parts.reaper.exitOf(process.pid).then((exit) => this.#endExec(container, process, exit));
    return process.pid;
  }

  /** The container has a process: watches over it. */
  #adopt(container: Container): void {
    const { init, id } = container;
    try {
      container.cgroup = locateCgroup(init.pid);
    } catch (error) {
      this.#parts.log.error('cannot find cgroup of container', { id, error });
    }
    this.#watchMemory(container);
    this.#keepForSuccessor(container, init);
    container.ending = this.#parts.reaper.exitOf(init.pid).then((exit) => this.#endInit(container, exit));
  }

  #watchMemory(container: Container): void {
    const { id, cgroup } = container;
    if (!cgroup) return;
    try {
      container.oom = watchOom(cgroup, () => this.#events.oom(id));
    } catch (error) {
      this.#parts.log.error('cannot watch memory of container', { id, error });
    }
  }

  /** After the answer that its maker waits for, unless the daemon is to find it there: it holds terminals. */
  #keepForSuccessor(container: Container, { stdio }: TaskProcess): void {
    const { id } = container;
    const keep = (): void => {
      if (this.#containers.get(id) !== container) return;
      try {
        keepForSuccessor(container);
      } catch (error) {
        this.#parts.log.warn('nobody can take over container if this shim dies', { id, error });
      }
    };
    if (stdio.terminal) keep();
    else setTimeout(keep, 0);
  }

  async #endExec(container: Container, process: TaskProcess, exit: ChildExit): Promise<void> {
    const end = this.#gone(container, process, exit);
    await this.#tellEnd(container, process, end);
    container.execEnds();
  }

  async #endInit(container: Container, exit: ChildExit): Promise<void> {
    const { init, id } = container;
    const end = this.#gone(container, init, exit);
    await this.#attempt('failed to kill the processes that are left', id, async () => {
      if (!init.bundle.hasOwnPidNamespace()) await init.killAll();
    });
    await container.withoutExecs();
    await this.#tellEnd(container, init, end);
    void this.#attempt('cannot remove what has ended', id, () => this.#removeEarly(container));
  }

  async #removeEarly(container: Container): Promise<void> {
    const { init, cgroup } = container;
    using _turn = await init.turn.acquire();
    // It goes with the container, or went with a checkpoint that ended it.
    if (init.state === 'stopped' && cgroup) container.lastStats = readStatsIfThere(cgroup);
    await init.removeEarly();
  }

  #gone({ init, id }: Container, process: TaskProcess, { status, at }: ChildExit): ProcessEnd {
    const end = { pid: process.pid, status, at };
    process.markGone();
    try {
      init.bundle.writeEnd(process.execId, end);
    } catch (error) {
      this.#parts.log.error('cannot keep exit of process', { id, exec: process.execId, error });
    }
    return end;
  }

  async #tellEnd(container: Container, process: TaskProcess, end: ProcessEnd): Promise<void> {
    const { id } = container;
    await this.#attempt('cannot drain output', id, () => process.drained());
    using _turn = await process.turn.acquire();
    await this.#attempt('cannot tell of kills for want of memory', id, () => container.oom?.settle());
    await this.#attempt('cannot end process', id, () => process.setEnd(end));
    this.#events.exit(id, process.id, end);
  }

  /** Nothing keeps an end from being told. */
  async #attempt(what: string, id: string, work: () => Promise<void> | undefined | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log.error(what, { id, error });
    }
  }
}
