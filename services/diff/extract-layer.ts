import { createHash } from 'node:crypto';
import { TarParser } from '../../pkg/tar/tar-parser.ts';
import type { ExtractLayer, ExtractResult } from './extract-request.ts';
import { LayerWriter } from './layer-writer.ts';
import type { LayerProgress } from './layer-file.ts';
import { readLayer } from './read-layer.ts';

/**
 * Unpacks a layer; blocks the thread while it writes files. `checkpoint` is called between pieces, and may throw.
 * @throws KindError `invalid-argument` for a layer that is malformed, truncated or hostile.
 */
export async function extractLayer(
  request: ExtractLayer,
  checkpoint: () => void,
  progress: LayerProgress,
): Promise<ExtractResult> {
  using writer = new LayerWriter(request.target);
  const parser = new TarParser(writer);
  const hash = request.diffId === undefined ? createHash('sha256') : undefined;
  let size = 0;
  for await (const chunk of readLayer(request, progress)) {
    checkpoint();
    hash?.update(chunk);
    size += chunk.length;
    parser.push(chunk);
  }
  parser.finish();
  writer.finish();
  const digest = hash ? `sha256:${hash.digest('hex')}` : (request.diffId ?? '');
  return { digest, size, implied: writer.implied, unreadable: false };
}
