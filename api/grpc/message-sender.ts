import type { Http2Stream } from 'node:http2';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** Up to this many bytes, copying what comes behind a header is cheaper than a second buffer. */
const copyLimit = 16 << 10;
/** What may wait in a stream before its writer does, in bytes. */
const backlog = 128 << 10;
const empty = new Uint8Array();

/**
 * The length of a message that is in pieces.
 * @throws KindError `resource-exhausted` for one over the limit.
 */
export function checkedLength(pieces: readonly Uint8Array[], limit: number): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  if (length <= limit) return length;
  throw new KindError('resource-exhausted', `trying to send message larger than max (${length} vs. ${limit})`);
}

/**
 * Writes one message of `length` bytes with its header. Returns undefined when more may be written at once, else a promise that settles
 * when the peer has taken what waits or the stream is gone. Long pieces are not copied: for those there is always a promise.
 */
export function sendMessage(
  stream: Http2Stream,
  pieces: readonly Uint8Array[],
  length: number,
): Promise<void> | undefined {
  const [first = empty, ...rest] = pieces;
  const together = first.length <= copyLimit ? first : empty;
  const head = Buffer.allocUnsafe(5 + together.length);
  head[0] = 0;
  head.writeUInt32BE(length, 1);
  head.set(together, 5);
  if (length === together.length) {
    stream.write(head);
    if (stream.writableLength < backlog) return undefined;
  } else {
    stream.cork();
    stream.write(head);
    if (together !== first) stream.write(first);
    for (const piece of rest) stream.write(piece);
    stream.uncork();
  }
  return stream.writableNeedDrain ? drained(stream) : undefined;
}

function drained(stream: Http2Stream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const settle = (): void => {
    stream.off('drain', settle);
    stream.off('close', settle);
    stream.off('aborted', settle);
    resolve();
  };
  stream.on('drain', settle);
  stream.on('close', settle);
  stream.on('aborted', settle);
  return promise;
}
