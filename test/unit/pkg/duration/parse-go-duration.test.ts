import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoDuration } from '../../../../pkg/duration/parse-go-duration.ts';

test('durations are read as Go writes them', () => {
  const cases: Readonly<Record<string, number>> = {
    '0': 0,
    '0s': 0,
    '100ms': 100,
    '1m0s': 60_000,
    '4h0m0s': 14_400_000,
    '1.5s': 1500,
    '.5s': 500,
    '250us': 0.25,
    '250µs': 0.25,
    '-1s': -1000,
  };
  for (const [text, milliseconds] of Object.entries(cases)) assert.equal(parseGoDuration(text), milliseconds, text);
});

test('what is no duration is refused', () => {
  for (const text of ['', '3', 's', '1d', '1s ', '1..5s', '--1s', '1s2']) {
    assert.throws(() => parseGoDuration(text), { kind: 'invalid-argument' }, text);
  }
});
