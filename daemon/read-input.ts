import { KindError } from '../pkg/errors/kind-error.ts';

/**
 * Reads stdin to its end.
 * @param limit bytes
 * @param what names what is read, in the error
 * @throws KindError `invalid-argument` for more than the limit.
 */
export async function readInput(limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new KindError('invalid-argument', `${what} is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
