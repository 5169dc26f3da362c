import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { KindError } from '../../../pkg/errors/kind-error.ts';

const chunkSize = 256 << 10;

/**
 * Bytes without their compression: gzip and zstd are told by their first bytes, the rest passes through.
 *
 * @throws KindError `invalid-argument` for a damaged stream.
 */
export async function* decompressed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const source = bytes[Symbol.asyncIterator]();
  try {
    const [head, ended] = await firstBytes(source, 4);
    const rest = async function* (): AsyncGenerator<Buffer, void, void> {
      if (head.length > 0) yield head;
      for (let next = ended ? undefined : await source.next(); next?.done === false; next = await source.next()) {
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
    };
    const filter = compressionOf(head);
    if (filter === undefined) {
      yield* rest();
      return;
    }
    const input = Readable.from(rest(), { objectMode: false, highWaterMark: chunkSize });
    input.once('error', (error) => filter.destroy(error));
    yield* input.pipe(filter);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) throw error;
    throw new KindError('invalid-argument', `archive does not decompress (${code})`, { cause: error });
  } finally {
    await source.return?.();
  }
}

async function firstBytes(source: AsyncIterator<Uint8Array>, count: number): Promise<[Buffer, boolean]> {
  let head = Buffer.alloc(0);
  while (head.length < count) {
    const next = await source.next();
    if (next.done === true) return [head, true];
    head = Buffer.concat([head, next.value]);
  }
  return [head, false];
}

/** What decompresses a stream that begins so; undefined when it is not compressed. */
function compressionOf(head: Buffer): ReturnType<typeof createGunzip | typeof createZstdDecompress> | undefined {
  if (head.length < 4) return undefined;
  if (head.readUInt16BE(0) === 0x1f8b) return createGunzip({ chunkSize });
  return head.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress({ chunkSize }) : undefined;
}
