import { histogramSamples } from '../../pkg/metrics/histogram.ts';
import type { MetricFamily, MetricSample } from '../../pkg/metrics/metric-family.ts';
import type { MetricSource } from '../../pkg/metrics/metric-source.ts';
import type { LoopMeter, TurnTimes } from '../../pkg/sys/loop-meter.ts';

const second = 1e9;

/** The turns of the main loop, by the wall's clock (how long others waited) and by the thread's (how long it was at work). */
export class LoopMetrics implements MetricSource {
  readonly #meter: LoopMeter;
  readonly #bounds: readonly number[];

  constructor(meter: LoopMeter) {
    this.#meter = meter;
    this.#bounds = meter.bounds.map((bound) => bound / second);
  }

  collect(): readonly MetricFamily[] {
    const { wall, processor } = this.#meter.read();
    const clocks: readonly (readonly [string, TurnTimes])[] = [
      ['processor', processor],
      ['wall', wall],
    ];
    const each = (samples: (times: TurnTimes, labels: MetricSample['labels']) => readonly MetricSample[]) =>
      clocks.flatMap(([clock, times]) => samples(times, [['clock', clock]]));
    return [
      {
        name: 'gantry_loop_longest_turn_seconds',
        help: 'The longest turn of the main loop since the start, or since it was asked to forget.',
        type: 'gauge',
        samples: each(({ longest }, labels) => [{ labels, value: Number(longest) / second }]),
      },
      {
        name: 'gantry_loop_turn_seconds',
        help: 'Turns of the main loop by their length.',
        type: 'histogram',
        samples: each(({ total, buckets }, labels) =>
          histogramSamples(this.#bounds, buckets, Number(total) / second, labels),
        ),
      },
    ];
  }
}
