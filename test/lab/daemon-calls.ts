import { connect } from 'node:net';
import { ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { ContentDefinition } from '../../api/gen/containerd/services/content/v1/content.ts';
import { DiffDefinition } from '../../api/gen/containerd/services/diff/v1/diff.ts';
import { EventsDefinition } from '../../api/gen/containerd/services/events/v1/events.ts';
import { ImagesDefinition } from '../../api/gen/containerd/services/images/v1/images.ts';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { NamespacesDefinition } from '../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { SnapshotsDefinition } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { StreamingDefinition } from '../../api/gen/containerd/services/streaming/v1/streaming.ts';
import { TasksDefinition } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { TransferDefinition } from '../../api/gen/containerd/services/transfer/v1/transfer.ts';
import { VersionDefinition } from '../../api/gen/containerd/services/version/v1/version.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import type { CallOptions } from '../../api/rpc/call-options.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { DaemonUnderTest } from './daemon-under-test.ts';

/**
 * The services of a daemon over one connection of its own, which is made anew after the daemon was. Disposing closes it.
 *
 * @example
 * await using calls = new DaemonCalls(daemon);
 * await calls.leases.create({ id: 'a', labels: new Map() }, calls.options);
 */
export class DaemonCalls implements AsyncDisposable {
  /** The daemon's namespace. */
  readonly options: CallOptions;
  readonly transport: GrpcClient;
  readonly containers;
  readonly content;
  readonly diff;
  readonly events;
  readonly images;
  readonly leases;
  readonly namespaces;
  readonly snapshots;
  readonly streaming;
  readonly tasks;
  readonly transfer;
  readonly version;

  constructor(daemon: Pick<DaemonUnderTest, 'address' | 'namespace'>) {
    this.options = { namespace: daemon.namespace };
    this.transport = new GrpcClient(() => connect(daemon.address));
    this.containers = rpcClient(this.transport, ContainersDefinition);
    this.content = rpcClient(this.transport, ContentDefinition);
    this.diff = rpcClient(this.transport, DiffDefinition);
    this.events = rpcClient(this.transport, EventsDefinition);
    this.images = rpcClient(this.transport, ImagesDefinition);
    this.leases = rpcClient(this.transport, LeasesDefinition);
    this.namespaces = rpcClient(this.transport, NamespacesDefinition);
    this.snapshots = rpcClient(this.transport, SnapshotsDefinition);
    this.streaming = rpcClient(this.transport, StreamingDefinition);
    this.tasks = rpcClient(this.transport, TasksDefinition);
    this.transfer = rpcClient(this.transport, TransferDefinition);
    this.version = rpcClient(this.transport, VersionDefinition);
  }

  /** All that a streamed list holds, joined. */
  async all<T>(stream: AsyncIterable<{ readonly info: readonly T[] }>): Promise<T[]> {
    const found: T[] = [];
    for await (const { info } of stream) found.push(...info);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport[Symbol.asyncDispose]();
  }
}
