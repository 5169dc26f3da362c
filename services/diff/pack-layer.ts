import { createHash } from 'node:crypto';
import { openSync, closeSync, constants } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { DirectoryHandle } from '../../pkg/sys/directory-handle.ts';
import { ChangeWriter } from './change-writer.ts';
import type { ComparedTrees, ExtractResult, PackLayer } from './extract-request.ts';
import type { LayerChange } from './layer-change.ts';
import { LowerDirectories } from './lower-directories.ts';
import { ForeignStateError, upperChanges } from './upper-changes.ts';
import { walkChanges } from './walk-changes.ts';

const chunkSize = 256 * 1024;

/**
 * Packs what one tree has over another; blocks the thread while it reads files. `checkpoint` is called between pieces, and may
 * throw; `emit` gets the bytes of the layer, valid during the call only.
 */
export async function packLayer(
  request: PackLayer,
  checkpoint: () => void,
  emit: (bytes: Uint8Array) => void,
): Promise<ExtractResult> {
  const hash = createHash('sha256');
  let size = 0;
  const pieces = function* (): Generator<Buffer> {
    using handles = new DisposableStack();
    const root = handles.use(new DirectoryHandle(rootOf(request.trees)));
    const writer = new ChangeWriter(root, request.limit);
    for (const piece of writer.write(changesOf(request.trees, handles))) {
      checkpoint();
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  };
  try {
    if (request.compression === 'none') for (const piece of pieces()) emit(piece);
    else await compress(pieces(), request.compression, emit);
  } catch (error) {
    if (error instanceof ForeignStateError) return { digest: '', size: 0, implied: [], unreadable: true };
    throw error;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, implied: [], unreadable: false };
}

function rootOf(trees: ComparedTrees): string {
  return trees.kind === 'upper' ? trees.root : trees.right;
}

function changesOf(trees: ComparedTrees, handles: DisposableStack): Iterable<LayerChange> {
  const open = (path: string): number =>
    handles.adopt(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), (fd) => closeSync(fd));
  if (trees.kind === 'walk') {
    return walkChanges(trees.left === undefined ? undefined : open(trees.left), open(trees.right));
  }
  const lowers = handles.use(new LowerDirectories(trees.lowers));
  return upperChanges({ root: open(trees.root), whiteouts: trees.whiteouts, lowers });
}

async function compress(
  pieces: Iterable<Buffer>,
  compression: 'gzip' | 'zstd',
  emit: (bytes: Uint8Array) => void,
): Promise<void> {
  const options = { chunkSize };
  const encoder = compression === 'gzip' ? createGzip(options) : createZstdCompress(options);
  const ended = finished(encoder);
  // Its failure is the failure of a write, too.
  ended.catch(() => undefined);
  encoder.on('data', emit);
  try {
    for (const piece of pieces) {
      // The piece is used again once it was taken.
      await new Promise<void>((resolve, reject) => {
        encoder.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    encoder.end();
    await ended;
  } finally {
    encoder.destroy();
  }
}
