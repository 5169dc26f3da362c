import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeStatusMessage, encodeStatusMessage } from '../../../../api/grpc/status-message.ts';
import { formatTimeout, parseTimeout } from '../../../../api/grpc/timeout.ts';

test('messages survive their encoding, which is printable ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (message) => {
      const encoded = encodeStatusMessage(message);
      assert.match(encoded, /^(?! )[\x20-\x7e]*(?<! )$/);
      assert.equal(decodeStatusMessage(encoded), message.toWellFormed());
    }),
  );
});

test('long messages are bounded, keep both ends and stay readable', () => {
  for (const letter of ['a', 'ü', '😀', '%']) {
    const encoded = encodeStatusMessage(`first${letter.repeat(100_000)}: not found`);
    assert.ok(encoded.length <= 6200);
    const decoded = decodeStatusMessage(encoded);
    assert.match(decoded, /^first.*: not found$/);
    assert.ok(!decoded.includes('\ufffd'));
  }
});

test('what is no encoding is taken as it stands', () => {
  assert.equal(decodeStatusMessage('100%'), '100%');
});

test('timeouts', () => {
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['10', undefined],
    ['123456789S', undefined],
    ['-1S', undefined],
    ['10S', 10_000],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['5m', 5],
    ['1500u', 2],
    ['1n', 1],
    ['0n', 0],
    ['99999999H', undefined],
  ];
  for (const [header, millis] of cases) assert.equal(parseTimeout(header), millis, header);
  for (const millis of [0, 1, 1500, 99_999_999, 1e8, 1e9]) {
    assert.equal(parseTimeout(formatTimeout(millis)), millis);
  }
});
