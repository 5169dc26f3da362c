/** A measured value with what tells it from others of its family. */
export interface MetricSample {
  /** Behind the family's name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
  /** Names and values, in the order of the names. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number | bigint;
}

/** All values of one meaning. */
export interface MetricFamily {
  /** In the form `[a-zA-Z_][a-zA-Z0-9_]*`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: Iterable<MetricSample>;
}
