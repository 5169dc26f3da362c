import type { RuntimeInfo } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ShimAddress } from './shim-address.ts';
import type { TaskExit } from './task-exit.ts';
import type { Task } from './task.ts';

/** What a task is made of. */
export interface TaskFields {
  /** A runtime's name or the absolute path of a shim. */
  readonly runtime: string;
  /** Options for the shim's start and for the task. */
  readonly options: Any | undefined;
  /** Written to `config.json` byte for byte. */
  readonly spec: Uint8Array | undefined;
  /** Performed by the shim on the bundle's `rootfs`. */
  readonly rootfs: readonly Mount[];
  readonly terminal: boolean;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** A task of a sandbox is made in the sandbox's shim. */
  readonly sandbox: TaskSandbox | undefined;
  /** A directory with the images of a checkpoint, or what fills one; it goes with the task. Empty for a task from its beginning. */
  readonly checkpoint: string | ((directory: string, signal: AbortSignal | undefined) => Promise<void>);
}

/** The sandbox that a task is made in. */
export interface TaskSandbox {
  readonly id: string;
  /** Where its task API is served, if the caller knows; else the sandbox's controller tells. */
  readonly address: ShimAddress | undefined;
}

/**
 * The tasks of all namespaces, each behind its shim.
 *
 * Life of a task: `create` reserves the name, makes the bundle, starts the shim, keeps its address and asks it to create
 * the container; what fails on the way takes everything back. `delete` asks the shim, ends it and removes the bundle. When a shim dies
 * that is ours, another takes over its tasks, which live on. Any other takes its tasks with it: leftovers are removed, and `/tasks/exit` and
 * `/tasks/delete` are published. After a restart the bundles on disk tell which shims there are.
 *
 * A name is free as soon as its create fails or is cancelled; who takes it next waits until the remains of the one
 * before are gone.
 *
 * Errors: `not-found`, `already-exists`, `invalid-argument` for a bad id or runtime name, `unavailable` when a shim fails; those of
 * shims as they are.
 */
export interface TaskRuntime {
  create(scope: Scope, id: string, fields: TaskFields): Promise<Task>;
  /** @throws KindError `not-found`. */
  get(scope: Scope, id: string): Task;
  /** In the order of their creation. */
  list(namespace: string): readonly Task[];
  delete(scope: Scope, id: string): Promise<TaskExit>;
  /** Starts a task's first process, or a further one that the shim knows of. @returns its pid. */
  start(scope: Scope, id: string, execId: string): Promise<number>;
  /** Deletes a further process of a task. */
  deleteProcess(scope: Scope, id: string, execId: string): Promise<TaskExit>;
  /** What a runtime tells of itself: version, features. */
  info(scope: Pick<Scope, 'signal'>, runtime: string, options: Any | undefined): Promise<RuntimeInfo>;
}
