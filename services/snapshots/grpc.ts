import type { Mount as MountMessage } from '../../api/gen/containerd/types/types.ts';
import { Kind, SnapshotsDefinition, type Info } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { batchesOf } from '../../pkg/batches/batches-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { SnapshotInfo, Snapshotter } from '../../snapshotters/snapshotter.ts';

/** Infos in one message of List. */
const listBatch = 100;

/** `containerd.services.snapshots.v1.Snapshots` over snapshotters. */
export function snapshotsGrpc(snapshotters: ReadonlyMap<string, Snapshotter>): RpcService {
  const named = (name: string): Snapshotter => {
    const snapshotter = snapshotters.get(name);
    if (!snapshotter) throw new KindError('invalid-argument', `snapshotter not loaded: ${name}`);
    return snapshotter;
  };
  return rpcService(SnapshotsDefinition, {
    async prepare({ snapshotter, key, parent, labels }, context) {
      const mounts = await named(snapshotter).prepare(context.scope(), key, parent, { labels });
      return { mounts: mounts.map(encodeMount) };
    },
    async view({ snapshotter, key, parent, labels }, context) {
      const mounts = await named(snapshotter).view(context.scope(), key, parent, { labels });
      return { mounts: mounts.map(encodeMount) };
    },
    async mounts({ snapshotter, key }, context) {
      return { mounts: (await named(snapshotter).mounts(context.scope(), key)).map(encodeMount) };
    },
    async commit({ snapshotter, name, key, labels, parent }, context) {
      await named(snapshotter).commit(context.scope(), name, key, { labels, parent });
      return {};
    },
    async remove({ snapshotter, key }, context) {
      await named(snapshotter).remove(context.scope(), key);
      return {};
    },
    async stat({ snapshotter, key }, context) {
      return { info: encodeInfo(await named(snapshotter).stat(context.scope(), key)) };
    },
    async update({ snapshotter, info, updateMask }, context) {
      const given = { name: info?.name ?? '', labels: info?.labels ?? new Map<string, string>() };
      return { info: encodeInfo(await named(snapshotter).update(context.scope(), given, updateMask ?? [])) };
    },
    async *list({ snapshotter, filters }, context) {
      for await (const batch of batchesOf(named(snapshotter).list(context.scope(), filters), listBatch)) {
        yield { info: batch.map(encodeInfo) };
      }
    },
    async usage({ snapshotter, key }, context) {
      const { size, inodes } = await named(snapshotter).usage(context.scope(), key);
      return { size: BigInt(size), inodes: BigInt(inodes) };
    },
    async cleanup({ snapshotter }, context) {
      const found = named(snapshotter);
      if (!found.cleanup) throw new KindError('unimplemented', `snapshotter ${snapshotter}: cleanup`);
      await found.cleanup(context.scope());
      return {};
    },
  });
}

const kinds = { view: Kind.VIEW, active: Kind.ACTIVE, committed: Kind.COMMITTED } as const;

function encodeInfo({ kind, name, parent, labels, createdAt, updatedAt }: SnapshotInfo): Info {
  return {
    ...{ name, parent, kind: kinds[kind], labels: new Map(labels) },
    ...{ createdAt: toTimestamp(createdAt), updatedAt: toTimestamp(updatedAt) },
  };
}

function encodeMount({ type, source, target, options }: Mount): MountMessage {
  return { type, source, target, options: [...options] };
}
