import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** A container's record: what to run, not whether it runs. */
export interface Container {
  readonly id: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly image: string;
  readonly runtime: { readonly name: string; readonly options: Any | undefined };
  /** Kept byte for byte; written to the bundle's `config.json` as it is. */
  readonly spec: Any | undefined;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly extensions: ReadonlyMap<string, Any>;
  readonly sandbox: string;
}

/** What a caller gives of a container. */
export type ContainerFields = Omit<Container, 'createdAt' | 'updatedAt'>;

/**
 * Keeps the records of containers.
 *
 * `update` changes what `paths` name (`labels`, `labels.<key>`, `spec`, `extensions`, `extensions.<key>`, `image`, `snapshotkey`)
 * or all of these when `paths` is empty; snapshotter and runtime never change. Each change is followed by its event
 * (`/containers/create`, `/containers/update`, `/containers/delete`) once it is on disk.
 *
 * Errors: `not-found`, `already-exists`, `invalid-argument` for a bad id, label, filter or path, for no runtime name, and for
 * a snapshot key without a snapshotter. A container without a spec is kept; it cannot be started.
 */
export interface ContainerStore {
  get(scope: Scope, id: string): Promise<Container>;
  /** In bytewise order of the ids. */
  list(scope: Scope, filters: readonly string[]): Promise<readonly Container[]>;
  create(scope: Scope, container: ContainerFields): Promise<Container>;
  update(scope: Scope, container: ContainerFields, paths: readonly string[]): Promise<Container>;
  delete(scope: Scope, id: string): Promise<void>;
}
