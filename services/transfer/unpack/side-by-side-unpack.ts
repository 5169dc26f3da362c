import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Mount } from '../../../pkg/mounts/mount.ts';
import { syncFilesystem } from '../../../pkg/sys/sync-filesystem.ts';
import type { LayerUnpacker, UnpackedLayer } from '../../diff/layer-unpacker.ts';
import { lockKey } from '../lock-key.ts';
import { TaskGroup } from '../task-group.ts';
import { unpackInOrder, type UnpackParts } from './ordered-unpack.ts';
import { extractKey, checkDiffId, snapshotLabels, type PlannedLayer } from './planned-layer.ts';
import { unpackArriving, type StagedLayer } from './unpack-arriving.ts';

/** A layer in a snapshot without a parent. */
interface UnpackedStage extends StagedLayer {
  readonly unpacked: UnpackedLayer;
}

/**
 * Unpacks layers side by side, each as soon as it comes, into snapshots without parents; when all are there, they are flushed
 * to disk at once and committed onto one another. Needs a snapshotter that can `rebase`; where its mounts do not
 * show a layer of its own, the layers are unpacked in their order. On failure no active snapshot is left.
 */
export async function unpackSideBySide(
  parts: UnpackParts,
  unpacker: LayerUnpacker,
  planned: readonly PlannedLayer[],
): Promise<void> {
  const { snapshots } = parts;
  using locks = new DisposableStack();
  // From the base up, as everybody does: chains share beginnings only, so nobody waits in a circle.
  for (const { chainId } of planned) {
    locks.use(await lockKey(parts.underway, `${parts.lockPrefix}/${chainId}`, snapshots.scope.signal));
  }
  const layers = planned.slice(await snapshots.existing(planned.map(({ chainId }) => chainId)));
  const [first] = layers;
  if (first === undefined) return;
  const staged: StagedLayer[] = [];
  try {
    const base = await stage(parts, first, staged);
    if (unpacker.canUnpack(base.mounts)) {
      const unpacked = await unpackAll(parts, unpacker, layers, staged);
      await settleAll(parts, unpacker, unpacked);
      const directory = layerDirectory(base.mounts);
      if (directory !== undefined) await syncFilesystem(directory);
      for (const { layer, key } of unpacked) await commit(parts, layer, key);
      await Promise.all(layers.map(async (layer) => await parts.committed(layer)));
      return;
    }
  } catch (error) {
    for (const { key } of staged) await snapshots.discard(key);
    throw error;
  }
  for (const { key } of staged) await snapshots.discard(key);
  locks.dispose();
  await unpackInOrder(parts, layers);
}

/** Prepares a layer's snapshot, and notes it to be discarded. */
async function stage(parts: UnpackParts, layer: PlannedLayer, staged: StagedLayer[]): Promise<StagedLayer> {
  const { snapshotter, scope } = parts.snapshots;
  const key = extractKey(layer.chainId);
  const mounts = await snapshotter.prepare(scope, key, '');
  const result = { layer, key, mounts };
  staged.push(result);
  return result;
}

/** Unpacks all layers, of which the first is staged; gives them base first. */
async function unpackAll(
  parts: UnpackParts,
  unpacker: LayerUnpacker,
  layers: readonly PlannedLayer[],
  staged: StagedLayer[],
): Promise<readonly UnpackedStage[]> {
  const { snapshots, tracker } = parts;
  const unused = new Set(staged);
  await using group = new TaskGroup(snapshots.scope.signal);
  const scope = { ...snapshots.scope, signal: group.signal };
  const unpacking = layers.map((layer) =>
    group.run(async () => {
      const unpacked = await unpackArriving(parts, layer, scope, {
        canFollow: unpacker.canFollow(layer.descriptor),
        async stage() {
          const [ready] = [...unused].filter((each) => each.layer === layer);
          return ready !== undefined && unused.delete(ready) ? ready : await stage(parts, layer, staged);
        },
        async unpack(inner, { mounts }, options) {
          const all = { ...options, flushedSoon: true, comparesDigest: true };
          const result = await unpacker.unpack(inner, layer.descriptor, mounts, all);
          checkDiffId(layer, result.descriptor);
          return result;
        },
      });
      tracker?.extracted(layer.descriptor);
      return { ...unpacked.staged, unpacked: unpacked.result };
    }),
  );
  await group.settled();
  return await Promise.all(unpacking);
}

/** Gives implied directories their looks, from the base up: each layer may take them from those beneath. */
async function settleAll(parts: UnpackParts, unpacker: LayerUnpacker, layers: readonly UnpackedStage[]): Promise<void> {
  const { scope, snapshotter } = parts.snapshots;
  const parent = layers[0]?.layer.parent ?? '';
  const viewKey = parent === '' ? undefined : extractKey(parent);
  try {
    const needed = layers.some(({ unpacked }) => unpacked.implied.length > 0);
    const view = viewKey === undefined || !needed ? [] : await snapshotter.view(scope, viewKey, parent);
    let beneath: readonly string[] = viewDirectories(view);
    for (const { unpacked, mounts } of layers) {
      if (unpacked.implied.length > 0 && beneath.length > 0) await unpacker.settle(unpacked, mounts, [viewOf(beneath)]);
      beneath = [layerDirectory(mounts) ?? '', ...beneath];
    }
  } finally {
    if (viewKey !== undefined) await parts.snapshots.discard(viewKey);
  }
}

async function commit(parts: UnpackParts, layer: PlannedLayer, key: string): Promise<void> {
  const { snapshots } = parts;
  const options = { labels: snapshotLabels(layer), ...(layer.parent === '' ? {} : { parent: layer.parent }) };
  try {
    await snapshots.snapshotter.commit(snapshots.scope, layer.chainId, key, options);
  } catch (error) {
    // A client may have unpacked the same layer on its own.
    if (kindOf(error) !== 'already-exists' || !(await snapshots.exists(layer.chainId))) throw error;
    await snapshots.discard(key);
  }
}

/** The directory that a snapshot without a parent shows. */
function layerDirectory([mount]: readonly Mount[]): string | undefined {
  const upper = mount?.options.findLast((option) => option.startsWith('upperdir='));
  return upper?.slice('upperdir='.length) ?? mount?.source;
}

/** The directories that a view shows, the nearest first. */
function viewDirectories([mount]: readonly Mount[]): readonly string[] {
  if (mount === undefined) return [];
  const lower = mount.options.findLast((option) => option.startsWith('lowerdir='));
  if (lower === undefined) return [mount.source];
  return lower
    .slice('lowerdir='.length)
    .split(/(?<!\\):/)
    .map((path) => path.replaceAll('\\:', ':'));
}

/** The mount of a view over these directories; never performed, only read. */
function viewOf(directories: readonly string[]): Mount {
  const lower = directories.map((path) => path.replaceAll(':', '\\:')).join(':');
  return { type: 'overlay', source: 'overlay', target: '', options: [`lowerdir=${lower}`] };
}
