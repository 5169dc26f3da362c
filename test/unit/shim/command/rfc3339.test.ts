import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '../../../../shim/command/rfc3339.ts';

test('times read as a date of JavaScript prints them, leap days and turns of years among them', () => {
  for (let day = 0; day < 80_000; day += 1) {
    const milliseconds = day * 86_400_000 + ((day * 7919) % 86_400_000);
    const expected = new Date(milliseconds).toISOString().replace('Z', '000001Z');
    assert.equal(rfc3339(BigInt(milliseconds) * 1_000_000n + 1n), expected);
  }
});
