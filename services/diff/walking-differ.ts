import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { StreamProcessor } from '../../pkg/plugin/stream-processor.ts';
import { syncFilesystem } from '../../pkg/sys/sync-filesystem.ts';
import type { ContentStore } from '../content/content-store.ts';
import { SpooledBlob } from '../content/spooled-blob.ts';
import { directTarget } from './apply-target.ts';
import type { ApplyOptions, CompareOptions, DiffService } from './diff-service.ts';
import type { ExtractPool } from './extract-pool.ts';
import type { ExtractResult } from './extract-request.ts';
import { LayerPacker } from './layer-packer.ts';
import type { LayerUnpacker, UnpackedLayer } from './layer-unpacker.ts';
import type { LayerTarget } from './layer-writer.ts';
import { ProcessedStream } from './processed-stream.ts';
import { processorChain, type ProcessorStep } from './stream-processors.ts';
import type { TemporaryMounts } from './temporary-mounts.ts';
import { WriteBack } from './write-back.ts';

function describe(result: ExtractResult): Descriptor {
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: result.digest, size: result.size };
}

/** A directory of one layer alone. A snapshot without a parent is shown as a bind mount of what will be a lower directory. */
function layerTarget(mounts: readonly Mount[]): LayerTarget | undefined {
  const target = directTarget(mounts);
  return target && { ...target, lowers: [], whiteouts: 'overlay' };
}

/**
 * Unpacks and packs layers in worker threads: straight into the directory that an overlay or a writable bind mount shows, and
 * from there, otherwise by the mounts, performed for as long as it takes.
 */
export class WalkingDiffer implements DiffService, LayerUnpacker {
  readonly #content: ContentStore;
  readonly #pool: ExtractPool;
  readonly #mounts: TemporaryMounts;
  readonly #syncFs: boolean;
  readonly #processors: ReadonlyMap<string, StreamProcessor>;
  readonly #packer: LayerPacker;
  readonly #writeBack = new WriteBack();

  /**
   * @param syncFs flush the filesystem after every layer, whatever the caller asks for
   * @param processors by their names
   */
  constructor(
    content: ContentStore,
    pool: ExtractPool,
    mounts: TemporaryMounts,
    syncFs: boolean,
    processors: ReadonlyMap<string, StreamProcessor> = new Map(),
  ) {
    this.#content = content;
    this.#pool = pool;
    this.#mounts = mounts;
    this.#syncFs = syncFs;
    this.#processors = processors;
    this.#packer = new LayerPacker(content, pool, mounts);
  }

  async apply(
    scope: Scope,
    diff: Descriptor,
    mounts: readonly Mount[],
    options: ApplyOptions = {},
  ): Promise<Descriptor> {
    const target = directTarget(mounts);
    if (target) return describe(await this.#extract(scope, diff, target, options));
    return this.#mounts.use(mounts, async (root) =>
      describe(await this.#extract(scope, diff, { root, lowers: [], whiteouts: 'delete' }, options)),
    );
  }

  compare(
    scope: Scope,
    left: readonly Mount[],
    right: readonly Mount[],
    options?: CompareOptions,
  ): Promise<Descriptor> {
    return this.#packer.pack(scope, left, right, options);
  }

  canUnpack(mounts: readonly Mount[]): boolean {
    return layerTarget(mounts) !== undefined;
  }

  /** Programs read a file to its end: what they do with one that grows is not to be known. */
  canFollow({ mediaType }: Descriptor): boolean {
    try {
      return processorChain(mediaType, this.#processors).steps.length === 0;
    } catch (error) {
      if (kindOf(error) === 'unimplemented') return false;
      throw error;
    }
  }

  async unpack(
    scope: Scope,
    diff: Descriptor,
    mounts: readonly Mount[],
    options: ApplyOptions = {},
  ): Promise<UnpackedLayer> {
    const target = layerTarget(mounts);
    if (!target)
      throw new KindError('invalid-argument', 'mounts that show no layer of their own cannot be unpacked apart');
    const result = await this.#extract(scope, diff, target, options);
    return { descriptor: describe(result), implied: result.implied };
  }

  async settle(layer: UnpackedLayer, mounts: readonly Mount[], parentMounts: readonly Mount[]): Promise<void> {
    const target = layerTarget(mounts);
    if (!target || layer.implied.length === 0) return;
    const lowers = lowerDirectories(parentMounts);
    await this.#pool.run({ kind: 'fix', root: target.root, lowers, directories: layer.implied });
  }

  async #extract(scope: Scope, diff: Descriptor, target: LayerTarget, options: ApplyOptions): Promise<ExtractResult> {
    const { arriving } = options;
    const { steps, compression } = processorChain(diff.mediaType, this.#processors);
    await using blob = arriving ? undefined : await this.#content.reader(scope, diff.digest);
    const spool = blob && blob.file === undefined;
    await using spooled = spool ? await SpooledBlob.copy(blob, scope.signal) : undefined;
    const file = arriving?.path ?? blob?.file ?? spooled?.path ?? '';
    const syncFs = options.syncFs === true || this.#syncFs;
    const writeBack = syncFs || options.flushedSoon === true ? this.#writeBack.begin(target.root) : undefined;
    const onProgress = (bytes: number): void => {
      writeBack?.progress(bytes);
      options.onProgress?.(bytes);
    };
    const listener = { onProgress, onStarved: arriving && ((read: number) => arriving.more(read)) };
    // The blob is verified, by the store or by whoever hands it over: as a plain tar it needs no second look.
    const known = steps.length === 0 && compression === 'none' && diff.digest.startsWith('sha256:');
    const diffId = known ? diff.digest : undefined;
    const growth = arriving && { size: arriving.size, available: arriving.available };
    const validate = options.comparesDigest !== true;
    const run = (file: string): Promise<ExtractResult> =>
      this.#pool.run({ kind: 'extract', file, compression, diffId, target, growth, validate }, scope.signal, listener);
    try {
      const processed = (): Promise<ExtractResult> => processLayer({ file, steps, options, signal: scope.signal, run });
      const result = await (steps.length === 0 ? run(file) : processed());
      await writeBack?.settled();
      if (syncFs) await syncFilesystem(target.root);
      return result;
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      throw new KindError(error.kind, `apply layer ${diff.digest}: ${error.detail}`, { cause: error });
    }
  }
}

/** Lets programs read the layer, and unpacks what comes of it. */
async function processLayer(work: {
  readonly file: string;
  readonly steps: readonly ProcessorStep[];
  readonly options: ApplyOptions;
  readonly signal: AbortSignal | undefined;
  readonly run: (path: string) => Promise<ExtractResult>;
}): Promise<ExtractResult> {
  const { file, options, run, signal, steps } = work;
  await using stream = await ProcessedStream.start(file, steps, options.payloads ?? new Map(), signal);
  try {
    const result = await run(stream.path);
    await stream.finish();
    return result;
  } catch (error) {
    // What was unpacked was no good because a program gave up: then that is the reason.
    const reason = await stream.abandon();
    if (reason === undefined || !(error instanceof KindError)) throw error;
    throw new KindError('unknown', reason, { cause: error });
  }
}

/** The layers that a view of a parent shows, the nearest first. */
function lowerDirectories(mounts: readonly Mount[]): readonly string[] {
  const [mount] = mounts;
  if (!mount) return [];
  if (mount.type !== 'overlay') return [mount.source];
  const lower = mount.options.find((option) => option.startsWith('lowerdir='))?.slice('lowerdir='.length) ?? '';
  return lower.split(/(?<!\\):/).map((path) => path.replaceAll('\\:', ':'));
}
