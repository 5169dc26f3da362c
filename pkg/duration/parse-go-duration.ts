import { KindError } from '../errors/kind-error.ts';

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a duration as Go writes it (`4h0m0s`, `100ms`, `1.5s`, `0`), in milliseconds.
 * @throws KindError `invalid-argument`.
 */
export function parseGoDuration(text: string): number {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) {
    throw new KindError('invalid-argument', `"${text}" is no duration (such as "10s" or "1m30s")`);
  }
  let sum = 0;
  for (const [, value = '', unit = ''] of rest.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    sum += Number(value) * (milliseconds[unit] ?? 0);
  }
  return sign === '-' ? -sum : sum;
}
