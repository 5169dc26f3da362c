import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { ByteRange, Registry } from './registry/registry.ts';
import { bodyPieces, wholeBody } from './registry/response-body.ts';

/** How a body is fetched in ranges, side by side. */
export interface RangeOptions {
  /** Bytes of one range. */
  readonly size: number;
  /** Ranges on their way at once, the one that is read included; as many times `size` bytes may be in memory. */
  readonly count: number;
}

/** Bytes of a body, and where in it they begin. */
export interface BodyPiece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * A blob's bytes from `start` on, in their order. A registry that does not know ranges sends from the beginning: `offset` tells.
 * Leaving the loop early ends all requests.
 *
 * @throws KindError `unavailable` when a body breaks off or is not the range that was asked for.
 */
export async function* remotePieces(
  registry: Registry,
  descriptor: Descriptor,
  start: number,
  options: RangeOptions | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<BodyPiece, void, void> {
  const ranges = options === undefined ? [] : splitRange(start, descriptor.size, options.size);
  const first = ranges.length > 1 ? ranges[0] : undefined;
  const { response, offset } = await registry.open(descriptor, first ?? { start }, signal);
  // Who asked for a part and got a part, gets the other parts as well.
  const inParts = first !== undefined && options !== undefined && response.statusCode === 206;
  if (!inParts) return yield* piecesFrom(bodyPieces(response), offset);
  const ahead = new ReadAhead(registry, descriptor, ranges.slice(1), options.count - 1, signal);
  try {
    let next = start;
    for await (const piece of piecesFrom(bodyPieces(response), start)) {
      next += piece.bytes.length;
      yield piece;
    }
    if (next !== first.end) throw broken(descriptor, first, next - start);
    for (;;) {
      const piece = await ahead.next();
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    await ahead.end();
  }
}

async function* piecesFrom(pieces: AsyncIterable<Buffer>, offset: number): AsyncGenerator<BodyPiece, void, void> {
  for await (const bytes of pieces) {
    yield { offset, bytes };
    offset += bytes.length;
  }
}

type WholeRange = Required<ByteRange>;

function splitRange(start: number, end: number, size: number): WholeRange[] {
  const ranges: WholeRange[] = [];
  for (let at = start; at < end; at += size) ranges.push({ start: at, end: Math.min(end, at + size) });
  return ranges;
}

/** Fetches the next ranges while the ones before are read. */
class ReadAhead {
  readonly #registry: Registry;
  readonly #descriptor: Descriptor;
  readonly #waiting: WholeRange[];
  readonly #count: number;
  readonly #fetching: Promise<BodyPiece>[] = [];
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  constructor(
    registry: Registry,
    descriptor: Descriptor,
    ranges: WholeRange[],
    count: number,
    signal: AbortSignal | undefined,
  ) {
    this.#registry = registry;
    this.#descriptor = descriptor;
    this.#waiting = ranges;
    this.#count = Math.max(1, count);
    const { signal: ended } = this.#ended;
    this.#signal = signal === undefined ? ended : AbortSignal.any([signal, ended]);
    this.#fill();
  }

  /** The bytes of the next range; undefined after the last. */
  async next(): Promise<BodyPiece | undefined> {
    this.#fill();
    const piece = await this.#fetching.shift();
    this.#fill();
    return piece;
  }

  /** Resolves when nothing is on its way any more. */
  async end(): Promise<void> {
    this.#ended.abort(new DOMException('the body is not read any more', 'AbortError'));
    await Promise.allSettled(this.#fetching);
  }

  #fill(): void {
    while (this.#fetching.length < this.#count) {
      const range = this.#waiting.shift();
      if (range === undefined) return;
      const piece = this.#fetch(range);
      // It is met when its turn comes.
      piece.catch(() => undefined);
      this.#fetching.push(piece);
    }
  }

  async #fetch(range: WholeRange): Promise<BodyPiece> {
    const { response, offset } = await this.#registry.open(this.#descriptor, range, this.#signal);
    const length = range.end - range.start;
    if (offset !== range.start) {
      response.destroy();
      throw broken(this.#descriptor, range, 0);
    }
    const bytes = await wholeBody(response, length);
    if (bytes.length !== length) throw broken(this.#descriptor, range, bytes.length);
    return { offset, bytes };
  }
}

function broken({ digest }: Descriptor, { start, end }: WholeRange, got: number): KindError {
  return new KindError('unavailable', `${digest}: the registry sent ${got} of the bytes ${start} to ${end}`);
}
