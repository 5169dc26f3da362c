import type { ExecProcessRequest } from '../../api/gen/containerd/task/v3/task.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CgroupPaths } from '../cgroups/cgroup-paths.ts';
import type { OomWatch } from '../cgroups/oom-watch.ts';
import type { ExecProcess } from './exec-process.ts';
import type { InitProcess } from './init-process.ts';
import type { TaskProcess } from './task-process.ts';

/** A container: its first process and those that Exec added, by their names. */
export class Container {
  readonly init: InitProcess;
  readonly execs = new Map<string, ExecProcess>();
  /** Undefined when it has none that can be told. */
  cgroup: CgroupPaths | undefined;
  oom: OomWatch | undefined;
  /** Figures of the cgroup when the container had ended. */
  lastStats: Any | undefined;
  /** Settles when the end of the first process has been told; undefined as long as there is none. */
  ending: Promise<void> | undefined;
  #runningExecs = 0;
  #idle: (() => void) | undefined;

  constructor(init: InitProcess) {
    this.init = init;
  }

  get id(): string {
    return this.init.id;
  }

  /**
   * @param execId empty for the first process
   * @throws KindError `not-found`.
   */
  process(execId: string): TaskProcess {
    if (execId === '') return this.init;
    const exec = this.execs.get(execId);
    if (!exec) throw new KindError('not-found', `process does not exist ${execId}`);
    return exec;
  }

  /** @throws KindError `already-exists`. */
  add({ execId }: ExecProcessRequest, make: () => ExecProcess): void {
    if (this.execs.has(execId)) throw new KindError('already-exists', `id ${execId}`);
    this.init.refuseExec();
    this.execs.set(execId, make());
  }

  /** Frees what is held of execs that nobody has deleted. None of them runs. */
  async dropExecs(): Promise<void> {
    const dropped = [...this.execs.values()];
    this.execs.clear();
    await Promise.all(dropped.map((exec) => exec.delete()));
  }

  /** An exec runs from before its start to when its end has been told. */
  execBegins(): void {
    this.#runningExecs++;
  }

  execEnds(): void {
    if (--this.#runningExecs === 0) this.#idle?.();
  }

  /** Settles when no exec runs. Asked once, when none begins any more. */
  async withoutExecs(): Promise<void> {
    if (this.#runningExecs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    await promise;
  }
}
