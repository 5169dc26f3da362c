import type { MetricFamily } from './metric-family.ts';

/** Something that is measured. */
export interface MetricSource {
  /** What it measures now. @param signal aborted when nobody waits for the answer any more */
  collect(signal: AbortSignal): Promise<readonly MetricFamily[]> | readonly MetricFamily[];
}
