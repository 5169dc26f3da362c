import { buildEntry, paxSparseRanges, withSparse, type EntryExtras } from './entry-builder.ts';
import { parsePaxNumber, parsePaxRecords, type PaxRecords } from './pax-records.ts';
import { checkSparse, pairRanges, readSparseBlock } from './sparse-map.ts';
import type { TarEntry } from './tar-entry.ts';
import { tarError } from './tar-error.ts';
import { blockSize, parseTarHeader, readNumber, type TarHeader } from './tar-header.ts';

/** What a parser reports to, synchronously; buffers are valid during the call only. */
export interface TarConsumer {
  /**
   * An entry. `data` is its whole content when it is small (and empty when it has none); otherwise it is
   * undefined, and `data` and `end` follow.
   */
  entry(entry: TarEntry, data: Uint8Array | undefined): void;
  data(chunk: Uint8Array): void;
  end(): void;
}

/** A number asks for that many bytes, a negative one for at least one and at most that many. */
type Steps = Generator<number, void, Buffer>;

const maxExtendedHeader = 1024 * 1024;
const smallContent = 128 * 1024;

const noExtras: EntryExtras = { pax: [], longName: undefined, longLink: undefined };

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function value(pax: PaxRecords, keyword: string): string | undefined {
  return pax.findLast(([key]) => key === keyword)?.[1];
}

/**
 * Reads a tar that arrives in pieces: ustar, pax and GNU (long names, sparse files). Holds at most one small
 * file and one piece in memory. Global pax headers are skipped, as containerd skips them.
 *
 * @throws KindError `invalid-argument` for what is malformed, truncated or over a limit.
 *
 * @example
 * const parser = new TarParser(consumer);
 * for await (const chunk of stream) parser.push(chunk);
 * parser.finish();
 */
export class TarParser {
  readonly #consumer: TarConsumer;
  readonly #steps: Steps;
  /** The first `held` bytes of what is wanted, when it comes in several pieces. */
  #gathered: Buffer = Buffer.alloc(0);
  #held = 0;
  #wanted = 0;
  #done = false;
  /** Whether the archive may end here without a mark of its end. */
  #mayEnd = true;

  constructor(consumer: TarConsumer) {
    this.#consumer = consumer;
    this.#steps = this.#run();
    this.#advance(this.#steps.next());
  }

  /** Takes the next piece, which may be changed afterwards; what follows the end of the archive is ignored. */
  push(chunk: Buffer): void {
    for (let at = 0; !this.#done;) {
      const left = chunk.length - at;
      if (this.#held > 0 || this.#wanted > left) {
        at += this.#hold(chunk.subarray(at));
        if (this.#held < this.#wanted) return;
        const whole = this.#gathered.subarray(0, this.#held);
        this.#held = 0;
        this.#advance(this.#steps.next(whole));
        continue;
      }
      const take = this.#wanted >= 0 ? this.#wanted : Math.min(-this.#wanted, left);
      if (take === 0 && this.#wanted < 0) return;
      this.#advance(this.#steps.next(chunk.subarray(at, at + take)));
      at += take;
    }
  }

  /** Keeps bytes until there are as many as are wanted. Returns how many it took. */
  #hold(bytes: Buffer): number {
    if (this.#gathered.length < this.#wanted) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#wanted, 2 * this.#gathered.length));
      this.#gathered.copy(larger, 0, 0, this.#held);
      this.#gathered = larger;
    }
    const count = bytes.copy(this.#gathered, this.#held, 0, this.#wanted - this.#held);
    this.#held += count;
    return count;
  }

  /** To be called when the stream has ended. @throws KindError `invalid-argument` when the archive is truncated. */
  finish(): void {
    if (this.#done || (this.#mayEnd && this.#held === 0)) return;
    throw tarError('unexpected end: it is truncated');
  }

  #advance(result: IteratorResult<number, void>): void {
    if (result.done) this.#done = true;
    else this.#wanted = result.value;
  }

  *#run(): Steps {
    let extras = noExtras;
    for (;;) {
      this.#mayEnd = extras === noExtras;
      const block = yield blockSize;
      if (block[0] === 0 && isZero(block)) {
        // A second block of zeros ends the archive; the stream's end after the first does, too.
        if (!isZero(yield blockSize)) throw tarError('a block of zeros within it');
        return;
      }
      this.#mayEnd = false;
      const header = parseTarHeader(block);
      if (header.flag === 'g' || header.flag === 'x' || header.flag === 'L' || header.flag === 'K') {
        extras = yield* this.#extendedHeader(header, extras);
        continue;
      }
      yield* this.#entry(header, block, extras);
      extras = noExtras;
    }
  }

  *#extendedHeader(header: TarHeader, extras: EntryExtras): Generator<number, EntryExtras, Buffer> {
    if (header.size > maxExtendedHeader || header.size < 0) throw tarError('an extended header is larger than 1 MiB');
    const body = (yield padded(header.size)).subarray(0, header.size);
    const end = body.indexOf(0);
    const text = (): string => body.toString('latin1', 0, end < 0 ? body.length : end);
    if (header.flag === 'x') return { ...extras, pax: parsePaxRecords(body) };
    if (header.flag === 'L') return { ...extras, longName: text() };
    if (header.flag === 'K') return { ...extras, longLink: text() };
    return extras;
  }

  *#entry(header: TarHeader, block: Buffer, extras: EntryExtras): Steps {
    let entry = buildEntry(header, extras);
    if (entry.type === 'file') {
      if (header.flag === 'S') entry = yield* this.#gnuSparse(entry, block);
      else if (extras.pax.length > 0) entry = yield* this.#paxSparse(entry, extras.pax);
    }
    if (entry.sparse) checkSparse(entry.sparse.ranges, entry.sparse.size, entry.size);
    if (entry.size <= smallContent && !entry.sparse) {
      const content = yield padded(entry.size);
      this.#consumer.entry(entry, content.subarray(0, entry.size));
      return;
    }
    this.#consumer.entry(entry, undefined);
    for (let left = entry.size; left > 0;) {
      const chunk = yield -left;
      left -= chunk.length;
      this.#consumer.data(chunk);
    }
    yield padded(entry.size) - entry.size;
    this.#consumer.end();
  }

  /** The old GNU form: four ranges in the header, more in blocks behind it. */
  *#gnuSparse(entry: TarEntry, header: Buffer): Generator<number, TarEntry, Buffer> {
    const ranges = readSparseBlock(header, 386, 4);
    const size = readNumber(header, 483, 12);
    for (let more = header[482] !== 0; more;) {
      const block = yield blockSize;
      ranges.push(...readSparseBlock(block, 0, 21));
      more = block[504] !== 0;
      if (ranges.length > 100_000) throw tarError('a sparse map is too long');
    }
    return withSparse(entry, ranges, size);
  }

  /** The pax forms: 0.0 and 0.1 in records, 1.0 as text before the content. */
  *#paxSparse(entry: TarEntry, pax: PaxRecords): Generator<number, TarEntry, Buffer> {
    const inRecords = paxSparseRanges(pax);
    if (inRecords) return withSparse(entry, pairRanges(inRecords), parsePaxNumber(value(pax, 'GNU.sparse.size') ?? ''));
    if (value(pax, 'GNU.sparse.major') !== '1') return entry;
    const numbers: number[] = [];
    let text = '';
    let used = 0;
    for (let count = Infinity; numbers.length < count * 2 + 1;) {
      const block = yield blockSize;
      used += blockSize;
      if (used > maxExtendedHeader) throw tarError('a sparse map is larger than 1 MiB');
      const lines = (text + block.toString('latin1')).split('\n');
      text = lines.pop() ?? '';
      // No number is that long; and what is joined again with each block must stay short.
      if (text.length > blockSize) throw tarError('a sparse map is malformed');
      numbers.push(...lines.slice(0, count * 2 + 1 - numbers.length).map(parsePaxNumber));
      if (numbers.length > 0) count = numbers[0] ?? 0;
      numbers.length = Math.min(numbers.length, count * 2 + 1);
    }
    const size = parsePaxNumber(value(pax, 'GNU.sparse.realsize') ?? '');
    return withSparse({ ...entry, size: entry.size - used }, pairRanges(numbers.slice(1)), size);
  }
}
