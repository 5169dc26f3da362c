import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ContentReader } from './content-store.ts';

const chunkSize = 256 << 10;
/** One chunk that is being read, and two that the caller may have. */
const buffers = 3;

/**
 * A range of a blob in chunks of at most 256 KiB; the next one is read while the caller has the last. They must not be altered, and a
 * chunk lasts until the second one after it is asked for: their memory is used again.
 * A `length` of 0 or less, or past the end, means to the end.
 * @throws KindError `out-of-range` for a start past the end (one below 0 means 0); `data-loss` when the file is shorter than it was.
 */
export async function* readRange(reader: ContentReader, from: number, length: number): AsyncGenerator<Uint8Array> {
  const offset = Math.max(from, 0);
  if (offset > reader.size) {
    throw new KindError('out-of-range', `read offset ${offset} outside of ${reader.size} bytes`);
  }
  const end = length <= 0 || length > reader.size - offset ? reader.size : offset + length;
  if (end - offset <= chunkSize) {
    if (end > offset) yield await readPiece(reader, offset, end - offset);
    return;
  }
  const ring = Buffer.allocUnsafeSlow(buffers * chunkSize);
  const read = (position: number): Promise<Uint8Array> => {
    const start = (position - offset) % ring.length;
    return readFully(reader, position, ring.subarray(start, start + Math.min(chunkSize, end - position)));
  };
  let next: Promise<Uint8Array> | undefined;
  try {
    for (let position = offset; position < end; position += chunkSize) {
      const chunk = await (next ?? read(position));
      next = position + chunkSize < end ? read(position + chunkSize) : undefined;
      // Its failure is met when its turn comes.
      next?.catch(() => undefined);
      yield chunk;
    }
  } finally {
    // The reader may be closed only when nobody reads.
    await next?.catch(() => undefined);
  }
}

async function readPiece(reader: ContentReader, offset: number, length: number): Promise<Uint8Array> {
  const piece = await reader.piece?.(offset, length);
  return piece?.length === length ? piece : await readFully(reader, offset, Buffer.allocUnsafe(length));
}

async function readFully(reader: ContentReader, offset: number, buffer: Uint8Array): Promise<Uint8Array> {
  for (let filled = 0; filled < buffer.length;) {
    const count = await reader.read(buffer.subarray(filled), offset + filled);
    if (count === 0) throw new KindError('data-loss', `blob ends at ${offset + filled} instead of ${reader.size}`);
    filled += count;
  }
  return buffer;
}
