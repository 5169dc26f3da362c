import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  ContentDefinition,
  WriteAction,
  type WriteContentRequest,
} from '../../../api/gen/containerd/services/content/v1/content.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { ImagesDefinition } from '../../../api/gen/containerd/services/images/v1/images.ts';
import { LeasesDefinition } from '../../../api/gen/containerd/services/leases/v1/leases.ts';
import { SnapshotsDefinition } from '../../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import type { CallOptions } from '../../../api/rpc/call-options.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { Ctr } from '../../lab/ctr.ts';
import { DaemonUnderTest, type DaemonOptions } from '../../lab/daemon-under-test.ts';
import { busyboxEntries } from '../../lab/images.ts';
import { OciLayout } from '../../lab/oci-layout.ts';

/** What there is in a daemon's namespace and on its disk. */
export interface Remains {
  readonly images: readonly string[];
  readonly leases: readonly string[];
  readonly content: readonly string[];
  readonly snapshots: readonly string[];
  /** Files below `blobs/sha256`. */
  readonly blobs: readonly string[];
  /** The number of directories of ingests, and of snapshots. */
  readonly ingests: number;
  readonly directories: number;
}

/** A daemon with `ctr` and clients of its own, and images to import. */
export class GcLab implements AsyncDisposable {
  readonly daemon: DaemonUnderTest;
  readonly ctr: Ctr;
  readonly options: { readonly namespace: string };
  readonly #client: GrpcClient;
  readonly content;
  readonly events;
  readonly images;
  readonly leases;
  readonly snapshots;

  private constructor(daemon: DaemonUnderTest) {
    this.daemon = daemon;
    this.ctr = new Ctr(daemon);
    this.options = { namespace: daemon.namespace };
    this.#client = new GrpcClient(() => connect(daemon.address));
    this.content = rpcClient(this.#client, ContentDefinition);
    this.events = rpcClient(this.#client, EventsDefinition);
    this.images = rpcClient(this.#client, ImagesDefinition);
    this.leases = rpcClient(this.#client, LeasesDefinition);
    this.snapshots = rpcClient(this.#client, SnapshotsDefinition);
  }

  static async start(kind: DaemonOptions['kind']): Promise<GcLab> {
    return new GcLab(await DaemonUnderTest.start({ kind }));
  }

  /** Writes the archive of two images that share their lowest layer; returns its path. */
  async archive(): Promise<string> {
    const layout = new OciLayout(join(this.daemon.directory, 'layout'));
    const base = await layout.addLayer(busyboxEntries());
    layout.addImage('docker.io/lab/a:1', [base, await layout.addLayer([{ name: 'a', content: 'a\n' }])]);
    layout.addImage('docker.io/lab/b:1', [base, await layout.addLayer([{ name: 'b', content: 'b\n' }])]);
    const path = join(this.daemon.directory, 'images.tar');
    await layout.archive(path);
    return path;
  }

  /** Makes a blob of a text; returns when it is there. */
  async upload(text: string, labels: Map<string, string>, options: CallOptions): Promise<void> {
    const data = Buffer.from(text);
    const request: WriteContentRequest = {
      ...{ action: WriteAction.COMMIT, ref: text, total: BigInt(data.length), expected: '', offset: 0n, data, labels },
    };
    const requests = async function* (): AsyncGenerator<WriteContentRequest> {
      yield await Promise.resolve(request);
    };
    for await (const _ of this.content.write(requests(), options));
  }

  /** BuildKit's way to have garbage collected: a lease that lists nothing is deleted, and whoever deletes waits. */
  async collect(): Promise<void> {
    await this.leases.create({ id: 'nothing', labels: new Map() }, this.options);
    await this.leases.delete({ id: 'nothing', sync: true }, this.options);
  }

  async remains(): Promise<Remains> {
    const lines = async (...args: string[]): Promise<string[]> => {
      return (await this.ctr.ok(args))
        .split('\n')
        .filter((line) => line !== '')
        .sort();
    };
    const snapshots = (await lines('snapshots', 'ls')).filter((line) => !line.startsWith('KEY'));
    const { root } = this.daemon;
    const store = join(root, 'io.containerd.content.v1.content');
    return {
      images: await lines('images', 'ls', '-q'),
      leases: await lines('leases', 'ls', '-q'),
      content: await lines('content', 'ls', '-q'),
      snapshots: snapshots.map((line) => line.replaceAll(/\s+/g, ' ').trim()),
      blobs: entries(join(store, 'blobs', 'sha256')).sort(),
      ingests: entries(join(store, 'ingest')).length,
      directories: entries(join(root, 'io.containerd.snapshotter.v1.overlayfs', 'snapshots')).length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.daemon[Symbol.asyncDispose]();
  }
}

function entries(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
