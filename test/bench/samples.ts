/** The measurements of one quantity on one daemon. */
export interface Samples {
  readonly values: readonly number[];
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined when there is no value. */
export function summarize(values: readonly number[]): Samples | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1];
  const upper = sorted[Math.floor(middle)];
  const least = sorted[0];
  const most = sorted.at(-1);
  if (lower === undefined || upper === undefined || least === undefined || most === undefined) return undefined;
  return { values, median: (lower + upper) / 2, least, most };
}
