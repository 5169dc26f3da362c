import { KindError } from '../../../pkg/errors/kind-error.ts';
import type { Mount } from '../../../pkg/mounts/mount.ts';
import type { Semaphore } from '../../../pkg/semaphore/semaphore.ts';
import type { GrowingFile } from '../../content/content-store.ts';
import type { ApplyOptions } from '../../diff/diff-service.ts';
import { orAborted } from '../or-aborted.ts';
import type { ProgressTracker } from '../progress-tracker.ts';
import type { LeasedScope } from '../with-lease.ts';
import type { LeasedSnapshots } from './leased-snapshots.ts';
import type { PlannedLayer } from './planned-layer.ts';
import { UnpackTurn } from './unpack-turn.ts';

/** Bytes of a layer that must have come, the first or more, to be unpacked before all has; smaller layers are awaited whole. */
const stride = 4 << 20;

/** An active snapshot for one layer. */
export interface StagedLayer {
  readonly layer: PlannedLayer;
  readonly key: string;
  readonly mounts: readonly Mount[];
}

/** How one layer is unpacked. */
export interface LayerWork<T> {
  /** Whether it can be unpacked behind its download. */
  readonly canFollow: boolean;
  /** Makes an empty snapshot. Called again when what was unpacked into the first is no good. */
  stage(): Promise<StagedLayer>;
  /** Unpacks into it, and sees whether the diff id is right. */
  unpack(scope: LeasedScope, staged: StagedLayer, options: Pick<ApplyOptions, 'arriving' | 'onProgress'>): Promise<T>;
}

/** What unpacking one layer works with. */
export interface ArrivingParts {
  /** Bounds how many layers are unpacked at once, of all images. */
  readonly limit: Semaphore;
  readonly tracker: Pick<ProgressTracker, 'extracting'> | undefined;
  readonly snapshots: Pick<LeasedSnapshots, 'discard'>;
}

/** What was unpacked, from a layer that is in the content store by now. */
export interface Unpacked<T> {
  readonly staged: StagedLayer;
  readonly result: T;
}

/**
 * Unpacks a layer as soon as a good part of it has come, behind its download, and is done when both are: until the blob is verified
 * the files are nobody's. While it waits for bytes it holds neither a thread nor a place among the unpackers. Where the download begins
 * anew, or cannot be followed, the layer is unpacked when it is there. A download that fails ends it with its own error. On failure
 * the snapshot is gone.
 */
export async function unpackArriving<T>(
  parts: ArrivingParts,
  layer: PlannedLayer,
  scope: LeasedScope,
  work: LayerWork<T>,
): Promise<Unpacked<T>> {
  const followed = work.canFollow ? await follow(parts, layer, scope, work) : undefined;
  if (followed !== undefined) return followed;
  const { descriptor, arrival } = layer;
  await orAborted(arrival.fetched, scope.signal);
  using _permit = await parts.limit.acquire(scope.signal);
  return await inSnapshot(parts, work, async (staged) => {
    parts.tracker?.extracting(descriptor, 0);
    const onProgress = (bytes: number): void => parts.tracker?.extracting(descriptor, bytes);
    return await work.unpack(scope, staged, { onProgress });
  });
}

/** Undefined when the layer has to be unpacked from the store. */
async function follow<T>(
  parts: ArrivingParts,
  { arrival, descriptor }: PlannedLayer,
  scope: LeasedScope,
  work: LayerWork<T>,
): Promise<Unpacked<T> | undefined> {
  await using file = await arrival.follow(scope.signal);
  if (file === undefined) return undefined;
  const { path, available } = file;
  const { size } = descriptor;
  if (!(await orAborted(file.reached(Math.min(stride, size)), scope.signal))) return undefined;
  const ended = new AbortController();
  const signal = scope.signal === undefined ? ended.signal : AbortSignal.any([scope.signal, ended.signal]);
  arrival.fetched.catch((error: unknown) => ended.abort(error));
  using turn = new UnpackTurn(parts.limit);
  const more = async (read: number): Promise<void> => {
    turn.leave();
    const come = await orAborted(file.reached(Math.min(read + stride, size)), signal);
    if (!come) throw new KindError('canceled', `download of ${descriptor.digest}`);
    await turn.take(signal);
  };
  const progress = new ProgressBehind(parts, descriptor, arrival.fetched);
  try {
    return await inSnapshot(parts, work, async (staged) => {
      await turn.take(signal);
      const arriving = { path, size, available, more };
      const result = await work.unpack({ ...scope, signal }, staged, { arriving, onProgress: progress.report });
      turn.leave();
      await orAborted(arrival.fetched, scope.signal);
      if (hasBegunAnew(file)) throw new KindError('canceled', `download of ${descriptor.digest}`);
      return result;
    });
  } catch (error) {
    scope.signal?.throwIfAborted();
    turn.leave();
    // Bytes that could not be unpacked may be the wrong ones: then that is the reason, or they come anew.
    await orAborted(arrival.fetched, scope.signal);
    if (hasBegunAnew(file)) return undefined;
    throw error;
  } finally {
    ended.abort(new DOMException('the layer has been unpacked', 'AbortError'));
  }
}

async function inSnapshot<T>(
  { snapshots }: ArrivingParts,
  work: LayerWork<T>,
  unpack: (staged: StagedLayer) => Promise<T>,
): Promise<Unpacked<T>> {
  const staged = await work.stage();
  try {
    return { staged, result: await unpack(staged) };
  } catch (error) {
    await snapshots.discard(staged.key);
    throw error;
  }
}

function hasBegunAnew({ available }: GrowingFile): boolean {
  return Atomics.load(available, 0) < 0n;
}

/** Tells of the unpacking once there is nothing to be told of the download any more. */
class ProgressBehind {
  readonly #tell: (bytes: number) => void;
  #read = 0;
  #fetched = false;

  constructor({ tracker }: ArrivingParts, descriptor: PlannedLayer['descriptor'], fetched: Promise<void>) {
    this.#tell = (bytes) => tracker?.extracting(descriptor, bytes);
    const begin = (): void => {
      this.#fetched = true;
      this.#tell(this.#read);
    };
    fetched.then(begin, () => undefined);
  }

  readonly report = (bytes: number): void => {
    this.#read = bytes;
    if (this.#fetched) this.#tell(bytes);
  };
}
