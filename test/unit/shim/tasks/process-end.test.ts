import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processEndFromJson, processEndToJson } from '../../../../shim/tasks/process-end.ts';

test('an end is read as it was written', () => {
  const end = { pid: 4711, status: 137, at: 1_763_744_000_123_456_789n };
  assert.deepEqual(processEndFromJson(processEndToJson(end)), end);
});

test('what is no end is none', () => {
  for (const text of ['', '{}', 'null', '7', '{"pid":1,"status":-1,"at":"0"}', '{"pid":1,"status":0,"at":"soon"}']) {
    assert.equal(processEndFromJson(text), undefined);
  }
});
