import { Kind, SnapshotsDefinition, type Info } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { fromTimestamp } from '../../api/time/from-timestamp.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type {
  CommitOptions,
  SnapshotInfo,
  SnapshotOptions,
  Snapshotter,
  SnapshotUsage,
} from '../../snapshotters/snapshotter.ts';
import { proxyCallOptions } from './proxy-call-options.ts';

/** A snapshotter behind a socket: the Snapshots service as a snapshotter. */
export class ProxySnapshotter implements Snapshotter {
  readonly remote = true;
  readonly #client: RpcClient<typeof SnapshotsDefinition>;
  readonly #snapshotter: string;

  /** @param snapshotter what the calls name */
  constructor(transport: RpcTransport, snapshotter: string) {
    this.#client = rpcClient(transport, SnapshotsDefinition);
    this.#snapshotter = snapshotter;
  }

  async stat(scope: Scope, key: string): Promise<SnapshotInfo> {
    const request = { snapshotter: this.#snapshotter, key };
    return this.#decode((await this.#client.stat(request, proxyCallOptions(scope))).info);
  }

  async update(
    scope: Scope,
    given: Pick<SnapshotInfo, 'name' | 'labels'>,
    paths: readonly string[],
  ): Promise<SnapshotInfo> {
    const labels = new Map(given.labels);
    const rest = { parent: '', kind: Kind.UNKNOWN, createdAt: undefined, updatedAt: undefined };
    const updateMask = paths.length > 0 ? [...paths] : undefined;
    const request = { snapshotter: this.#snapshotter, info: { name: given.name, labels, ...rest }, updateMask };
    return this.#decode((await this.#client.update(request, proxyCallOptions(scope))).info);
  }

  async usage(scope: Scope, key: string): Promise<SnapshotUsage> {
    const request = { snapshotter: this.#snapshotter, key };
    const { size, inodes } = await this.#client.usage(request, proxyCallOptions(scope));
    return { size: Number(size), inodes: Number(inodes) };
  }

  async mounts(scope: Scope, key: string): Promise<readonly Mount[]> {
    return (await this.#client.mounts({ snapshotter: this.#snapshotter, key }, proxyCallOptions(scope))).mounts;
  }

  async prepare(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    const request = { snapshotter: this.#snapshotter, key, parent, labels: new Map(options?.labels) };
    return (await this.#client.prepare(request, proxyCallOptions(scope))).mounts;
  }

  async view(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    const request = { snapshotter: this.#snapshotter, key, parent, labels: new Map(options?.labels) };
    return (await this.#client.view(request, proxyCallOptions(scope))).mounts;
  }

  async commit(scope: Scope, name: string, key: string, options: CommitOptions = {}): Promise<void> {
    const { parent = '' } = options;
    const request = { snapshotter: this.#snapshotter, name, key, labels: new Map(options.labels), parent };
    await this.#client.commit(request, proxyCallOptions(scope));
  }

  async remove(scope: Scope, key: string): Promise<void> {
    await this.#client.remove({ snapshotter: this.#snapshotter, key }, proxyCallOptions(scope));
  }

  async *list(scope: Scope, filters: readonly string[]): AsyncGenerator<SnapshotInfo> {
    const request = { snapshotter: this.#snapshotter, filters: [...filters] };
    for await (const { info } of this.#client.list(request, proxyCallOptions(scope))) {
      for (const each of info) yield this.#decode(each);
    }
  }

  async cleanup(scope: Scope): Promise<void> {
    await this.#client.cleanup({ snapshotter: this.#snapshotter }, proxyCallOptions(scope));
  }

  /** The connection belongs to whoever made it. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #decode(info: Info | undefined): SnapshotInfo {
    const kind = info && kinds[info.kind];
    if (!info || !kind) {
      throw new KindError('internal', `snapshotter ${this.#snapshotter} answered without a snapshot of a known kind`);
    }
    const { name, parent, labels, createdAt, updatedAt } = info;
    return { kind, name, parent, labels, createdAt: fromTimestamp(createdAt), updatedAt: fromTimestamp(updatedAt) };
  }
}

const kinds: Readonly<Partial<Record<Kind, SnapshotInfo['kind']>>> = {
  [Kind.VIEW]: 'view',
  [Kind.ACTIVE]: 'active',
  [Kind.COMMITTED]: 'committed',
};
