import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastError } from '../../../../shim/runtime/last-error.ts';

test('the last line of level error counts', () => {
  const log = [
    '{"level":"error","msg":"first","time":"2026-01-01T00:00:00Z"}',
    '{"level":"error","msg":" second\\n","time":"2026-01-01T00:00:01Z"}',
    '{"level":"warning","msg":"\\"error\\" in passing","time":"2026-01-01T00:00:02Z"}',
    '',
  ].join('\n');
  assert.equal(lastError(log), 'second');
});

test('lines that were cut, or are none, are passed over', () => {
  assert.equal(
    lastError('evel":"error","msg":"half"}\n{"level":"error","msg":"whole"}\n{"level":"error","ms'),
    'whole',
  );
  assert.equal(lastError('{"level":"error","msg":7}\n"error"\nnull "error"\n'), '');
  assert.equal(lastError(''), '');
});
