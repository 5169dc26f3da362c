import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** A sandbox's record: what the containers of a pod share, and who runs it; not whether it runs. */
export interface Sandbox {
  readonly id: string;
  readonly labels: Labels;
  readonly runtime: { readonly name: string; readonly options: Any | undefined };
  /** Kept byte for byte. */
  readonly spec: Any | undefined;
  /** The name of the controller that runs it. */
  readonly sandboxer: string;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly extensions: ReadonlyMap<string, Any>;
}

/** What a caller gives of a sandbox. */
export type SandboxFields = Omit<Sandbox, 'createdAt' | 'updatedAt'>;

/**
 * Keeps the records of sandboxes. Its changes are not published; what their labels refer to is kept from garbage collection.
 *
 * `update` changes what `paths` name (`labels`, `labels.<key>`, `extensions`, `extensions.<key>`, `runtime`, `spec`), or all of
 * these when `paths` is empty; then the runtime's name must be the one that is stored. Spec and runtime options are replaced, never taken away.
 *
 * Errors: `not-found`, `already-exists`, `invalid-argument` for a bad id, label, filter or path.
 *
 * @example
 * await store.create(scope, { id: 'pod1', sandboxer: 'shim', runtime: { name: 'io.containerd.kata.v2', options: undefined }, ... });
 * await store.update(scope, { ...fields, labels: new Map([['app', 'web']]) }, ['labels.app']);
 * await store.delete(scope, 'pod1');
 */
export interface SandboxStore {
  get(scope: Scope, id: string): Promise<Sandbox>;
  /** In bytewise order of the ids. Filters see `id` and `labels.<key>`. */
  list(scope: Scope, filters: readonly string[]): Promise<readonly Sandbox[]>;
  create(scope: Scope, sandbox: SandboxFields): Promise<Sandbox>;
  update(scope: Scope, sandbox: SandboxFields, paths: readonly string[]): Promise<Sandbox>;
  delete(scope: Scope, id: string): Promise<void>;
}
