import { KindError } from '../../../pkg/errors/kind-error.ts';
import { KeyedMutex } from '../../../pkg/keyed-mutex/keyed-mutex.ts';
import type { Logger } from '../../../pkg/log/logger.ts';
import { chainIds } from '../../../pkg/oci/chain-ids.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { parseImageConfig, type ImageConfig } from '../../../pkg/oci/image-config.ts';
import type { Semaphore } from '../../../pkg/semaphore/semaphore.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { DiffService } from '../../diff/diff-service.ts';
import type { LayerUnpacker } from '../../diff/layer-unpacker.ts';
import type { LeaseManager } from '../../leases/lease-manager.ts';
import { BlobArrival } from '../blob-arrival.ts';
import { setContentLabels } from '../content-labels.ts';
import type { ProgressTracker } from '../progress-tracker.ts';
import { readDocument } from '../read-document.ts';
import type { LeasedScope } from '../with-lease.ts';
import { LeasedSnapshots } from './leased-snapshots.ts';
import { unpackInOrder, type UnpackParts } from './ordered-unpack.ts';
import type { PlannedLayer } from './planned-layer.ts';
import { unpackSideBySide } from './side-by-side-unpack.ts';
import { takesLayer, type UnpackTarget } from './unpack-target.ts';

/** The services that unpacking needs. */
export interface UnpackServices {
  readonly content: ContentStore;
  readonly diff: DiffService;
  /** Unpacks layers side by side, where the snapshotter allows it. */
  readonly layers?: LayerUnpacker | undefined;
  readonly leases: LeaseManager;
  readonly log: Logger;
}

/** One image to unpack. */
export interface UnpackJob {
  readonly config: Descriptor;
  /** Base first. */
  readonly layers: readonly Descriptor[];
  /** Where it may go; the first that fits is taken. */
  readonly targets: readonly UnpackTarget[];
  /** Starts bringing these layers into the content store; gives as many arrivals. */
  fetch(layers: readonly Descriptor[]): readonly BlobArrival[];
  readonly tracker?: ProgressTracker | undefined;
}

/**
 * Unpacks images into snapshots: one committed snapshot a layer, named by its chain id. Layers are unpacked while they, and others,
 * are still on their way; those whose snapshot exists are neither unpacked nor fetched. A snapshot is committed only
 * after its layer was verified and its files were flushed to disk. On failure no active snapshot is left behind.
 */
export class ImageUnpacker {
  readonly #services: UnpackServices;
  readonly #limit: Semaphore;
  /** Images that share layers unpack those once. */
  readonly #underway = new KeyedMutex();

  /** @param limit how many layers may be unpacked at once, of all images */
  constructor(services: UnpackServices, limit: Semaphore) {
    this.#services = services;
    this.#limit = limit;
  }

  async unpack(scope: LeasedScope, job: UnpackJob): Promise<void> {
    const { content, log } = this.#services;
    const { digest } = job.config;
    const config = parseImageConfig(await readDocument(content, scope, digest), `config ${digest}`);
    const target = job.targets.find((each) => fits(each, config, job.layers));
    if (target === undefined) {
      log.debug('no snapshotter for this platform, only fetching its layers', { config: digest });
      await Promise.all(job.fetch(job.layers).map(({ fetched }) => fetched));
      return;
    }
    const { diffIds } = config;
    if (job.layers.length !== diffIds.length) {
      const counts = `${job.layers.length} != ${diffIds.length}`;
      throw new KindError('invalid-argument', `config ${digest}: number of layers and diffIDs don't match: ${counts}`);
    }
    const chain = chainIds(diffIds);
    const snapshots = new LeasedSnapshots(scope, target, this.#services);
    const first = await snapshots.existing(chain);
    const wanted = job.layers.slice(first);
    const arrivals = job.fetch(wanted);
    const planned = wanted.map((descriptor, at) => {
      const arrival = arrivals[at] ?? new BlobArrival(() => Promise.resolve());
      return planLayer({ descriptor, arrival }, first + at, diffIds, chain);
    });
    await this.#unpackLayers(snapshots, target, planned, job.tracker);
    const top = chain.at(-1);
    if (top === undefined) return;
    await setContentLabels(content, scope, digest, new Map([[`containerd.io/gc.ref.snapshot.${target.name}`, top]]));
  }

  async #unpackLayers(
    snapshots: LeasedSnapshots,
    target: UnpackTarget,
    planned: readonly PlannedLayer[],
    tracker: ProgressTracker | undefined,
  ): Promise<void> {
    const { content, diff, layers } = this.#services;
    const { scope } = snapshots;
    const parts: UnpackParts = {
      snapshots,
      diff,
      underway: this.#underway,
      limit: this.#limit,
      lockPrefix: `${scope.namespace}/${target.name}`,
      tracker,
      committed: async ({ descriptor, diffId }) => {
        await setContentLabels(content, scope, descriptor.digest, new Map([['containerd.io/uncompressed', diffId]]));
      },
    };
    if (layers !== undefined && target.rebase && planned.length > 1) await unpackSideBySide(parts, layers, planned);
    else await unpackInOrder(parts, planned);
  }
}

function fits(target: UnpackTarget, config: ImageConfig, layers: readonly Descriptor[]): boolean {
  if (!layers.every((layer) => takesLayer(target, layer))) return false;
  if (config.rootfsType !== '' && config.rootfsType !== 'layers') return false;
  return config.platform.os === target.os && (target.matcher?.matches(config.platform) ?? true);
}

function planLayer(
  layer: Pick<PlannedLayer, 'descriptor' | 'arrival'>,
  at: number,
  diffIds: readonly string[],
  chain: readonly string[],
): PlannedLayer {
  const parent = at === 0 ? '' : (chain[at - 1] ?? '');
  return { ...layer, diffId: diffIds[at] ?? '', chainId: chain[at] ?? '', parent };
}
