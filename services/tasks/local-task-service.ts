import type { Metric } from '../../api/gen/containerd/types/types.ts';
import { Status, type Process, type ProcessInfo } from '../../api/gen/containerd/v1/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { ContainerStore } from '../containers/container-store.ts';
import type { CheckpointArchive } from './checkpoint-archive.ts';
import { checkpointDirectory, restoreDirectory } from './criu-paths.ts';
import { sandboxOf } from './sandbox-of.ts';
import type { TaskFields, TaskRuntime } from './task-runtime.ts';
import type { CreateTask, ExecProcess, ProcessId, TaskService } from './task-service.ts';
import type { TaskMounts } from './task-mounts.ts';
import type { TaskExit } from './task-exit.ts';
import type { Task } from './task.ts';

/** Failures of `state` that mean that there is nothing to show. */
const absent = new Set(['not-found', 'unavailable', 'deadline-exceeded', 'canceled']);

/** What the service stands on. */
export interface TaskServiceParts {
  readonly containers: ContainerStore;
  readonly runtime: TaskRuntime;
  readonly checkpoints: CheckpointArchive;
  readonly mounts: TaskMounts;
  readonly log: Logger;
}

/** The tasks of this machine. */
export class LocalTaskService implements TaskService {
  readonly #containers: ContainerStore;
  readonly #runtime: TaskRuntime;
  readonly #checkpoints: CheckpointArchive;
  readonly #mounts: TaskMounts;
  readonly #log: Logger;

  constructor(parts: TaskServiceParts) {
    this.#containers = parts.containers;
    this.#runtime = parts.runtime;
    this.#checkpoints = parts.checkpoints;
    this.#mounts = parts.mounts;
    this.#log = parts.log;
  }

  async create(scope: Scope, id: string, task: CreateTask): Promise<number> {
    const container = await this.#containers.get(scope, id);
    const sandbox = sandboxOf(container.sandbox, task);
    const fields = {
      sandbox,
      runtime: task.runtimePath === '' ? container.runtime.name : task.runtimePath,
      options: task.options && task.options.value.length > 0 ? task.options : container.runtime.options,
      spec: container.spec?.value,
      rootfs: await this.#mounts.activate(scope, id, task.rootfs),
      terminal: task.terminal,
      stdin: task.stdin,
      stdout: task.stdout,
      stderr: task.stderr,
      checkpoint: this.#checkpointOf(scope, task),
    };
    try {
      const { pid } = await this.#runtime.create(scope, id, fields);
      return pid;
    } catch (error) {
      // Then they are those of the task that there is.
      if (kindOf(error) !== 'already-exists') await this.#mounts.deactivate(scope, id);
      throw error;
    }
  }

  async start(scope: Scope, { id, execId }: ProcessId): Promise<number> {
    return await this.#runtime.start(scope, id, execId);
  }

  async delete(scope: Scope, id: string): Promise<TaskExit> {
    const exit = await this.#runtime.delete(scope, id);
    await this.#mounts.deactivate(scope, id);
    return exit;
  }

  async deleteProcess(scope: Scope, { id, execId }: ProcessId): Promise<TaskExit> {
    validateIdentifier(execId, 'exec id');
    return await this.#runtime.deleteProcess(scope, id, execId);
  }

  async get(scope: Scope, { id, execId }: ProcessId): Promise<Process> {
    return this.#process(this.#runtime.get(scope, id), execId, scope.signal);
  }

  async list(scope: Scope): Promise<readonly Process[]> {
    const tasks = this.#runtime.list(scope.namespace);
    const processes = await Promise.all(tasks.map((task) => this.#processIfThere(task, scope.signal)));
    scope.signal?.throwIfAborted();
    return processes.filter((process) => process !== undefined);
  }

  async kill(scope: Scope, { id, execId }: ProcessId, signal: number, all: boolean): Promise<void> {
    await this.#runtime.get(scope, id).call('kill', { id, execId, signal, all }, scope.signal);
  }

  async exec(scope: Scope, id: string, process: ExecProcess): Promise<void> {
    const { execId, terminal, stdin, stdout, stderr, spec } = process;
    validateIdentifier(execId, 'exec id');
    const task = this.#runtime.get(scope, id);
    await task.call('exec', { id, execId, terminal, stdin, stdout, stderr, spec }, scope.signal);
    task.expect(execId, process);
  }

  async resizePty(scope: Scope, { id, execId }: ProcessId, width: number, height: number): Promise<void> {
    await this.#runtime.get(scope, id).call('resizePty', { id, execId, width, height }, scope.signal);
  }

  async closeIo(scope: Scope, { id, execId }: ProcessId, stdin: boolean): Promise<void> {
    await this.#runtime.get(scope, id).call('closeIO', { id, execId, stdin }, scope.signal);
  }

  async pause(scope: Scope, id: string): Promise<void> {
    await this.#runtime.get(scope, id).call('pause', { id }, scope.signal);
  }

  async resume(scope: Scope, id: string): Promise<void> {
    await this.#runtime.get(scope, id).call('resume', { id }, scope.signal);
  }

  async pids(scope: Scope, id: string): Promise<readonly ProcessInfo[]> {
    const { processes } = await this.#runtime.get(scope, id).call('pids', { id }, scope.signal);
    return processes;
  }

  async update(
    scope: Scope,
    id: string,
    resources: Any | undefined,
    annotations: ReadonlyMap<string, string>,
  ): Promise<void> {
    const request = { id, resources, annotations: new Map(annotations) };
    await this.#runtime.get(scope, id).call('update', request, scope.signal);
  }

  async checkpoint(scope: Scope, id: string, options: Any | undefined): Promise<readonly Descriptor[]> {
    const container = await this.#containers.get(scope, id);
    const task = this.#runtime.get(scope, id);
    const take = async (path: string): Promise<void> => {
      await task.call('checkpoint', { id, path, options }, scope.signal);
    };
    const path = checkpointDirectory(options);
    if (path === '') return await this.#checkpoints.keep(scope, container.spec, take);
    await take(path);
    return [];
  }

  async metrics(scope: Scope, filters: readonly string[]): Promise<readonly Metric[]> {
    const wanted = compileFilters(filters);
    const tasks = this.#runtime.list(scope.namespace).filter((task) =>
      wanted(([field]) => {
        if (field === 'id') return task.id;
        return field === 'namespace' ? task.namespace : undefined;
      }),
    );
    const metrics = await Promise.all(tasks.map((task) => this.#metric(task, scope.signal)));
    scope.signal?.throwIfAborted();
    return metrics.filter((metric) => metric !== undefined);
  }

  async wait(scope: Scope, { id, execId }: ProcessId): Promise<TaskExit> {
    return this.#runtime.get(scope, id).wait(execId, scope.signal);
  }

  /** A directory that the options name goes before a checkpoint that is content. */
  #checkpointOf(scope: Scope, { checkpoint, options }: CreateTask): TaskFields['checkpoint'] {
    const directory = restoreDirectory(options);
    if (directory !== '' || !checkpoint) return directory;
    return (target, signal) => this.#checkpoints.unpack({ ...scope, signal }, checkpoint, target);
  }

  async #metric(task: Task, signal: AbortSignal | undefined): Promise<Metric | undefined> {
    const timestamp = toTimestamp(nowNanoseconds());
    try {
      const { stats } = await task.call('stats', { id: task.id }, signal);
      return { timestamp, id: task.id, data: stats };
    } catch (error) {
      if (kindOf(error) !== 'not-found') this.#log.warn('collecting metrics failed', { id: task.id, error });
      return undefined;
    }
  }

  async #processIfThere(task: Task, signal: AbortSignal | undefined): Promise<Process | undefined> {
    try {
      return await this.#process(task, '', signal);
    } catch {
      return undefined;
    }
  }

  /** A shim that fails in another way still has a process, of which nothing is known. */
  async #process(task: Task, execId: string, signal: AbortSignal | undefined): Promise<Process> {
    const id = execId === '' ? task.id : execId;
    try {
      const state = await task.call('state', { id: task.id, execId }, signal);
      const { pid, status, stdin, stdout, stderr, terminal, exitStatus, exitedAt } = state;
      return { containerId: '', id, pid, status, stdin, stdout, stderr, terminal, exitStatus, exitedAt };
    } catch (error) {
      if (absent.has(kindOf(error))) throw error;
      this.#log.error('get state failed', { id, error });
      const nothing = { stdin: '', stdout: '', stderr: '', terminal: false, exitStatus: 0, exitedAt: undefined };
      return { containerId: '', id, pid: execId === '' ? task.pid : 0, status: Status.UNKNOWN, ...nothing };
    }
  }
}
