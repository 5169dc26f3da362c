import type { ErrorKind } from '../../pkg/errors/error-kind.ts';
import type { TimeLimit } from './change-writer.ts';
import type { LayerCompression } from './layer-compression.ts';
import type { LayerTarget } from './layer-writer.ts';

/** How far the file of a layer that is still arriving has come. */
export interface LayerGrowth {
  readonly size: number;
  /** Bytes that are there; below 0 when they are of no use any more. */
  readonly available: BigInt64Array<SharedArrayBuffer>;
}

/** A layer to unpack. */
export interface ExtractLayer {
  readonly kind: 'extract';
  readonly file: string;
  readonly compression: LayerCompression;
  /** The sha256 digest that the uncompressed stream is known to have; it is computed when missing. */
  readonly diffId?: string | undefined;
  readonly target: LayerTarget;
  /** Whether a check value in the compressed stream is compared with its content. */
  readonly validate?: boolean | undefined;
  /** Missing when all of the file is there. */
  readonly growth?: LayerGrowth | undefined;
}

/** Directories to be given the looks that they have in the layers beneath. */
export interface FixDirectories {
  readonly kind: 'fix';
  readonly root: string;
  readonly lowers: readonly string[];
  /** Byte strings. */
  readonly directories: readonly string[];
}

/** Two trees, of which the second is to be packed as a layer over the first. */
export type ComparedTrees =
  /** One layer's own directory over others. */
  | {
      readonly kind: 'upper';
      readonly root: string;
      /** The nearest first. */
      readonly lowers: readonly string[];
      /** Whether devices 0/0 in it are overlayfs's whiteouts. */
      readonly whiteouts: boolean;
    }
  /** Two directories to be walked; the left one is missing for an empty tree. */
  | { readonly kind: 'walk'; readonly left: string | undefined; readonly right: string };

/** A layer to make. */
export interface PackLayer {
  readonly kind: 'pack';
  readonly trees: ComparedTrees;
  readonly compression: Exclude<LayerCompression, 'sniff'>;
  /** No file's time in the layer is later. */
  readonly limit: TimeLimit | undefined;
}

/** What a worker is asked to do. */
export type ExtractRequest = ExtractLayer | FixDirectories | PackLayer;

/** Where a task's {@link ExtractTask.shared} numbers are. */
export const sharedAt = {
  /** Not 0 once the work is no longer wanted. */
  cancelled: 0,
  /** Pieces that were sent and not taken yet. */
  pieces: 1,
} as const;

/** A request as it is sent. */
export interface ExtractTask {
  readonly kind: 'task';
  /** Unique among a thread's tasks. */
  readonly id: number;
  readonly request: ExtractRequest;
  /** Shared memory, as a thread at work reads no messages. */
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** Lets a task go on that had read all there was. */
export interface ResumeTask {
  readonly kind: 'resume';
  readonly id: number;
}

/** What became of a layer. */
export interface ExtractResult {
  /** Of the uncompressed stream: the diff id. */
  readonly digest: string;
  readonly size: number;
  /** Directories that the layer did not carry and that were made; byte strings. */
  readonly implied: readonly string[];
  /** Of a layer that was to be made: its directory cannot be understood without mounting it, and what came is of no use. */
  readonly unreadable: boolean;
}

/** What a worker answers, with the task's id. */
export type ExtractReply = { readonly id: number } & ExtractAnswer;

/** What a task has to say. */
export type ExtractAnswer =
  | { readonly kind: 'progress'; readonly bytes: number }
  /** All `bytes` that were there of a layer have been read; the task waits to be resumed. */
  | { readonly kind: 'starved'; readonly bytes: number }
  /** The next bytes of a layer that is made. */
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly result: ExtractResult }
  | { readonly kind: 'failed'; readonly error: ErrorKind; readonly detail: string };
