import type { Metric } from '../../api/gen/containerd/types/types.ts';
import type { Process, ProcessInfo } from '../../api/gen/containerd/v1/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { TaskExit } from './task-exit.ts';

/** Where a process's input comes from and its output goes: paths of FIFOs or URIs; empty for nowhere. */
export interface ProcessIo {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** What a caller gives of a task; the rest is in the container's record. */
export interface CreateTask extends ProcessIo {
  readonly rootfs: readonly Mount[];
  /** Replaces the options of the container's record unless empty. */
  readonly options: Any | undefined;
  /** A shim's path in place of the runtime of the container's record; empty for none. */
  readonly runtimePath: string;
  readonly checkpoint: Descriptor | undefined;
  /** Where the task API of the container's sandbox is served, as `ttrpc+unix:///…`; empty if the sandbox's controller is to tell. */
  readonly taskApiAddress: string;
  readonly taskApiVersion: number;
}

/** A further process in a task. */
export interface ExecProcess extends ProcessIo {
  readonly execId: string;
  /** An OCI runtime-spec Process; kept verbatim. */
  readonly spec: Any | undefined;
}

/** Names a process of a task: an empty `execId` means the first one. */
export interface ProcessId {
  readonly id: string;
  readonly execId: string;
}

/**
 * Runs containers: the tasks of the containers that records describe.
 *
 * `create` takes runtime, options and spec from the container's record. `delete` and `deleteProcess` work on
 * processes that have stopped.
 * `get` and `list` ask the shims, for two seconds at most: what a shim does not tell is left out of a list, and `wait`
 * lasts as long as the process. Events of tasks come from the shims.
 *
 * Errors: `not-found` for an unknown container, task or process, and for one that has ended where it must not have; `already-exists`;
 * `invalid-argument` for an empty exec id and a bad filter; everything else as the shim has put it.
 */
export interface TaskService {
  /** @returns the pid. */
  create(scope: Scope, id: string, task: CreateTask): Promise<number>;
  /** @returns the pid. */
  start(scope: Scope, process: ProcessId): Promise<number>;
  delete(scope: Scope, id: string): Promise<TaskExit>;
  /** Of a further process; the first one goes with its task. */
  deleteProcess(scope: Scope, process: ProcessId): Promise<TaskExit>;
  /** The process as containerd shows it: `id` set, `container_id` empty. */
  get(scope: Scope, process: ProcessId): Promise<Process>;
  list(scope: Scope): Promise<readonly Process[]>;
  /** `all` reaches every process of the container. */
  kill(scope: Scope, process: ProcessId, signal: number, all: boolean): Promise<void>;
  exec(scope: Scope, id: string, process: ExecProcess): Promise<void>;
  resizePty(scope: Scope, process: ProcessId, width: number, height: number): Promise<void>;
  closeIo(scope: Scope, process: ProcessId, stdin: boolean): Promise<void>;
  pause(scope: Scope, id: string): Promise<void>;
  resume(scope: Scope, id: string): Promise<void>;
  pids(scope: Scope, id: string): Promise<readonly ProcessInfo[]>;
  update(scope: Scope, id: string, resources: Any | undefined, annotations: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Takes a checkpoint: to the directory that the options name, else as content.
   * @returns what was kept as content: CRIU's images in a tar and the spec; nothing for a directory.
   */
  checkpoint(scope: Scope, id: string, options: Any | undefined): Promise<readonly Descriptor[]>;
  /** Filters over `id` and `namespace`; tasks whose shim tells nothing are left out. */
  metrics(scope: Scope, filters: readonly string[]): Promise<readonly Metric[]>;
  wait(scope: Scope, process: ProcessId): Promise<TaskExit>;
}
