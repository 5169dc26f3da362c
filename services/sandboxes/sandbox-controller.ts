import type { Metric, Platform } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Timestamp } from '../../api/gen/google/protobuf/timestamp.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ShimAddress } from '../tasks/shim-address.ts';
import type { SandboxFields } from './sandbox-store.ts';

/** What a sandbox is set up with, beside its record. */
export interface SandboxSetup {
  readonly rootfs: readonly Mount[];
  /** Of the runtime's own type. */
  readonly options: Any | undefined;
  /** The pod's network namespace; empty for the host's. */
  readonly netnsPath: string;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A sandbox that has started. */
export interface StartedSandbox {
  readonly id: string;
  readonly pid: number;
  readonly createdAt: Timestamp | undefined;
  readonly labels: ReadonlyMap<string, string>;
  /** What it was started with, if it says. */
  readonly spec: Any | undefined;
}

/** How a sandbox ended. */
export interface SandboxExit {
  readonly exitStatus: number;
  readonly exitedAt: Timestamp | undefined;
}

/** How a sandbox stands. */
export interface SandboxStatus {
  readonly id: string;
  readonly pid: number;
  /** In the runtime's own words; `SANDBOX_READY` and `SANDBOX_NOTREADY` are usual. Empty for an unknown sandbox. */
  readonly state: string;
  readonly info: ReadonlyMap<string, string>;
  readonly createdAt: Timestamp | undefined;
  readonly exitedAt: Timestamp | undefined;
  readonly extra: Any | undefined;
}

/**
 * Runs sandboxes; the name that a record gives as its sandboxer picks one.
 *
 * Life of a sandbox: `create` sets it up, `start` starts it; then containers are created in it, through `endpoint`. `stop` ends its
 * processes, upon which `wait` returns; `shutdown` frees all that it held, and its id. A sandbox whose start fails is taken back.
 * Sandboxes do not depend on the daemon: the next one finds them.
 *
 * Errors: `already-exists`, `not-found`, `invalid-argument`; those of the runtime as they are. `stop` of an unknown sandbox
 * succeeds, and its `status` is an empty one that has ended now: who cleans up calls both.
 *
 * @example
 * await controller.create(scope, sandbox, { rootfs: [], options: undefined, netnsPath: '', annotations: new Map() });
 * const { pid } = await controller.start(scope, 'pod1');
 * await controller.stop(scope, 'pod1', 10);
 * await controller.shutdown(scope, 'pod1');
 */
export interface SandboxController {
  create(scope: Scope, sandbox: SandboxFields, setup: SandboxSetup): Promise<void>;
  start(scope: Scope, id: string): Promise<StartedSandbox>;
  platform(scope: Scope, id: string): Promise<Platform>;
  /** @param seconds to wait before killing */
  stop(scope: Scope, id: string, seconds: number): Promise<void>;
  /** Resolves when the sandbox has ended. */
  wait(scope: Scope, id: string): Promise<SandboxExit>;
  /** @param verbose fills in `info` */
  status(scope: Scope, id: string, verbose: boolean): Promise<SandboxStatus>;
  shutdown(scope: Scope, id: string): Promise<void>;
  metrics(scope: Scope, id: string): Promise<Metric | undefined>;
  /** Tells that the fields of the record that `paths` name have changed. */
  update(scope: Scope, sandbox: SandboxFields, paths: readonly string[]): Promise<void>;
  /** How the shim of a sandbox is reached that its containers share; undefined when it runs none of this id. */
  endpoint(namespace: string, id: string): ShimAddress | undefined;
}
