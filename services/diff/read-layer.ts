import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { GzipInflater } from '../../pkg/sys/gzip-inflater.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { ExtractLayer } from './extract-request.ts';
import { sniffCompression } from './layer-compression.ts';
import { LayerFile, type LayerProgress } from './layer-file.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** With Node's default of 16 KiB decompression is three times slower; with a MiB the pieces no longer fit into a processor's cache. */
const chunkSize = 256 * 1024;
/** What a decoder of Node's may decompress ahead while the thread writes files. */
const readAhead = 1024 * 1024;

async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames();
  for await (const chunk of chunks) yield* frames.split(chunk);
  if (!frames.complete)
    throw new KindError('invalid-argument', 'zstd stream of layer: unexpected end: it is truncated');
}

/** Writes to a decoder piece by piece, each when the one before was taken: a frame's end must be a write's end. */
async function feed(pieces: AsyncIterable<Buffer>, decoder: Transform): Promise<void> {
  for await (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      decoder.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  decoder.end();
}

async function* decode(pieces: AsyncIterable<Buffer>, decoder: Transform): AsyncGenerator<Buffer> {
  // A failure to feed reaches the reader through the decoder.
  feed(pieces, decoder).catch((error: unknown) =>
    decoder.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof KindError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KindError('invalid-argument', `decompress layer: ${reason}`, { cause: error });
  } finally {
    decoder.destroy();
  }
}

/** Unpacks gzip from a regular file into two pieces of memory in turn: one is filled while the other is read. */
class Gunzip {
  readonly #file: LayerFile;
  readonly #inflater: GzipInflater;
  /** What the thread pool is about; the file must stay open so long. */
  #work: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(file: LayerFile, validate: boolean) {
    this.#file = file;
    this.#inflater = new GzipInflater(validate);
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const [first, second] = [Buffer.allocUnsafeSlow(chunkSize), Buffer.allocUnsafeSlow(chunkSize)];
    let current = this.#fill(first);
    try {
      for (let output = second; ; output = output === first ? second : first) {
        const piece = await current;
        if (piece.length === chunkSize) current = this.#ahead(output);
        yield piece;
        if (piece.length < chunkSize) return;
      }
    } finally {
      this.#ended = true;
      await this.#work.catch(() => undefined);
    }
  }

  #ahead(output: Buffer): Promise<Buffer> {
    const filled = this.#fill(output);
    // Its failure is met when its turn comes.
    filled.catch(() => undefined);
    return filled;
  }

  /** Fills the memory, except at the stream's end. */
  async #fill(output: Buffer): Promise<Buffer> {
    for (let filled = 0; ;) {
      const range = await this.#file.readable();
      if (this.#ended) throw new KindError('canceled', 'layer is not read any more');
      const work = this.#inflater.inflate(this.#file.fd, range, output.subarray(filled)).catch(explain);
      this.#work = work;
      const { taken, made } = await work;
      if (taken > 0) this.#file.take(taken);
      filled += made;
      if (filled === output.length || (range.last && taken === range.length)) return output.subarray(0, filled);
    }
  }
}

function explain(error: unknown): never {
  if (!isSystemError(error, 'EBADMSG')) throw error;
  throw new KindError('invalid-argument', `decompress layer: ${error.syscall}`, { cause: error });
}

/**
 * A layer's uncompressed bytes in pieces of some 256 KiB, for a worker thread; a piece is valid until the next is asked for.
 * @throws KindError `invalid-argument` for what cannot be decompressed or is truncated.
 */
export async function* readLayer(
  { compression, validate = true, ...layer }: Pick<ExtractLayer, 'file' | 'compression' | 'growth' | 'validate'>,
  progress: LayerProgress,
): AsyncGenerator<Buffer> {
  using file = new LayerFile(layer, progress);
  const actual = compression === 'sniff' ? sniffCompression(await file.start()) : compression;
  const options = { chunkSize, readableHighWaterMark: readAhead };
  if (actual === 'gzip' && file.isRegular) yield* new Gunzip(file, validate).pieces();
  else if (actual === 'gzip') yield* decode(file.chunks(), createGunzip(options));
  else if (actual === 'zstd') yield* decode(framesOf(file.chunks()), createZstdDecompress(options));
  else yield* file.chunks();
}
