import { KindError } from '../../pkg/errors/kind-error.ts';
import type { StreamProcessor } from '../../pkg/plugin/stream-processor.ts';
import { compressionOf, type LayerCompression } from './layer-compression.ts';

/** One program of a chain. */
export interface ProcessorStep {
  /** The processor's name in the configuration; payloads bear it. */
  readonly id: string;
  readonly processor: StreamProcessor;
  /** What it gets. */
  readonly mediaType: string;
}

/** How the bytes of a media type become a tar. */
export interface ProcessorChain {
  /** In their order; none for a layer that we read as it is. */
  readonly steps: readonly ProcessorStep[];
  /** What is left to do after the last. */
  readonly compression: LayerCompression;
}

const plainLayer = 'application/vnd.oci.image.layer.v1.tar';
/** Programs that hand a type to each other for ever. */
const maxSteps = 8;

/**
 * The programs that turn a media type into a layer that we read, by containerd's rules: those that are configured come before our
 * own decompression, later ones before the defaults that stand first, until the type is a plain tar.
 *
 * @throws KindError `unimplemented` for a type that leads nowhere.
 */
export function processorChain(mediaType: string, processors: ReadonlyMap<string, StreamProcessor>): ProcessorChain {
  const steps: ProcessorStep[] = [];
  for (let current = mediaType; ;) {
    const found = [...processors].findLast(([, { accepts }]) => accepts.includes(current));
    if (!found) return { steps, compression: compressionOf(current) };
    if (steps.length === maxSteps) {
      throw new KindError('unimplemented', `${mediaType}: more than ${maxSteps} stream processors follow one another`);
    }
    const [id, processor] = found;
    steps.push({ id, processor, mediaType: current });
    current = processor.returns;
    if (current === plainLayer) return { steps, compression: 'none' };
  }
}
