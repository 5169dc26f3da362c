import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import type { Semaphore } from '../../../pkg/semaphore/semaphore.ts';
import type { DiffService } from '../../diff/diff-service.ts';
import { lockKey } from '../lock-key.ts';
import type { ProgressTracker } from '../progress-tracker.ts';
import type { LeasedSnapshots } from './leased-snapshots.ts';
import { checkDiffId, extractKey, snapshotLabels, type PlannedLayer } from './planned-layer.ts';
import { unpackArriving } from './unpack-arriving.ts';

/** What unpacking layers works with. */
export interface UnpackParts {
  readonly snapshots: LeasedSnapshots;
  readonly diff: DiffService;
  /** Held while a layer's snapshot is made, by {@link lockPrefix} and chain id. */
  readonly underway: KeyedMutex;
  readonly lockPrefix: string;
  /** Bounds how many layers are unpacked at once, of all images. */
  readonly limit: Semaphore;
  readonly tracker: ProgressTracker | undefined;
  /** Called when a layer's snapshot is committed. */
  committed(layer: PlannedLayer): Promise<void>;
}

/**
 * Unpacks layers one after the other, each as soon as it comes, onto the snapshot of the one before. A layer's files are
 * flushed to disk before its snapshot is committed. On failure no active snapshot is left.
 */
export async function unpackInOrder(parts: UnpackParts, layers: readonly PlannedLayer[]): Promise<void> {
  for (const layer of layers) await unpackOne(parts, layer);
}

async function unpackOne(parts: UnpackParts, layer: PlannedLayer): Promise<void> {
  const { snapshots, diff } = parts;
  const { snapshotter, scope } = snapshots;
  const { descriptor } = layer;
  const labels = snapshotLabels(layer);
  using _alone = await lockKey(parts.underway, `${parts.lockPrefix}/${layer.chainId}`, scope.signal);
  if (await snapshots.exists(layer.chainId)) return;
  try {
    const { staged } = await unpackArriving(parts, layer, scope, {
      canFollow: diff.canFollow?.(descriptor) ?? false,
      async stage() {
        const key = extractKey(layer.chainId);
        return { layer, key, mounts: await snapshotter.prepare(scope, key, layer.parent, { labels }) };
      },
      async unpack(inner, { mounts }, options) {
        checkDiffId(
          layer,
          await diff.apply(inner, descriptor, mounts, { ...options, syncFs: true, comparesDigest: true }),
        );
      },
    });
    await commit(snapshots, layer, staged.key, labels);
  } catch (error) {
    // A client may have unpacked the same layer on its own.
    if (kindOf(error) !== 'already-exists' || !(await snapshots.exists(layer.chainId))) throw error;
  }
  parts.tracker?.extracted(descriptor);
  await parts.committed(layer);
}

async function commit(
  snapshots: LeasedSnapshots,
  { chainId }: PlannedLayer,
  key: string,
  labels: ReadonlyMap<string, string>,
): Promise<void> {
  try {
    await snapshots.snapshotter.commit(snapshots.scope, chainId, key, { labels });
  } catch (error) {
    await snapshots.discard(key);
    throw error;
  }
}
