import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatGoDuration } from '../../../../pkg/duration/format-go-duration.ts';
import { parseGoDuration } from '../../../../pkg/duration/parse-go-duration.ts';

test('durations are printed as Go prints them', () => {
  const forms = ['0s', '1ns', '1.5µs', '100ms', '1.5s', '1m0s', '1m30.25s', '1h0m0s', '24h0m1s', '-100ms'];
  for (const text of forms) assert.equal(formatGoDuration(parseGoDuration(text)), text);
});
