import { native } from './native.ts';

/** Turns of the loop by how long they took. */
export interface TurnTimes {
  /** Nanoseconds, since the start. */
  readonly total: bigint;
  /** Nanoseconds: the longest since the start or the last {@link LoopMeter.forgetLongest}. */
  readonly longest: bigint;
  /** How many turns took at most so many nanoseconds as the bound of the same index says, and more than the one before; the last has no bound. */
  readonly buckets: readonly bigint[];
}

/** What a {@link LoopMeter} has counted. */
export interface LoopFigures {
  readonly turns: bigint;
  /** How long others had to wait. */
  readonly wall: TurnTimes;
  /** How long the thread was at work, which the machine's load does not change. */
  readonly processor: TurnTimes;
}

/** Nanoseconds. */
const bounds = [100_000, 500_000, 1e6, 2e6, 5e6, 10e6, 20e6, 50e6, 100e6, 200e6, 500e6, 1e9];
/** The counters' places: turns, two totals, two maxima, then two lists of 33. */
const at = {
  turns: 0,
  wallTotal: 1,
  processorTotal: 2,
  wallLongest: 3,
  processorLongest: 4,
  wall: 5,
  processor: 38,
} as const;

/**
 * Measures the turns of the main thread's event loop, all the time: a turn is what the loop does between two waits, so its length is how long
 * whatever comes meanwhile is not looked at. Costs two clock readings a turn, wakes nobody, and does not keep the process.
 *
 * @example
 * const meter = LoopMeter.start();
 * const { wall } = meter.read();
 */
export class LoopMeter {
  /** The upper bounds of the buckets in nanoseconds. */
  readonly bounds: readonly number[] = bounds;
  readonly #counters: BigUint64Array;

  private constructor(counters: BigUint64Array) {
    this.#counters = counters;
  }

  /** Starts to measure this thread's loop, which must be the main thread's; once started it goes on. */
  static start(): LoopMeter {
    const given = BigUint64Array.from(bounds, (bound) => BigInt(bound));
    return new LoopMeter(new BigUint64Array(native.startLoopMeter(new Uint8Array(given.buffer))));
  }

  read(): LoopFigures {
    const times = (total: number, longest: number, buckets: number): TurnTimes => ({
      total: this.#at(total),
      longest: this.#at(longest),
      buckets: [...this.#counters.subarray(buckets, buckets + bounds.length + 1)],
    });
    return {
      turns: this.#at(at.turns),
      wall: times(at.wallTotal, at.wallLongest, at.wall),
      processor: times(at.processorTotal, at.processorLongest, at.processor),
    };
  }

  /** Begins to look for the longest turn anew. */
  forgetLongest(): void {
    this.#counters[at.wallLongest] = 0n;
    this.#counters[at.processorLongest] = 0n;
  }

  #at(index: number): bigint {
    return this.#counters[index] ?? 0n;
  }
}
