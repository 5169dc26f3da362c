import type { MetricSample } from './metric-family.ts';

/** How values are spread: how many were at most each of some bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Of each bucket alone; one more than there are bounds. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = index < 0 ? this.#bounds.length : index;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  samples(labels: MetricSample['labels']): readonly MetricSample[] {
    return histogramSamples(this.#bounds, this.#counts, this.#sum, labels);
  }
}

/** A histogram's samples from the counts of its buckets, each alone: one more than there are bounds. */
export function histogramSamples(
  bounds: readonly number[],
  counts: readonly (number | bigint)[],
  sum: number,
  labels: MetricSample['labels'],
): readonly MetricSample[] {
  let total = 0;
  const buckets = counts.map((count, index): MetricSample => {
    total += Number(count);
    const bound = bounds[index];
    const edge = bound === undefined ? '+Inf' : String(bound);
    return { suffix: '_bucket', labels: [...labels, ['le', edge]], value: total };
  });
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }];
}
