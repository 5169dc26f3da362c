import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killError } from '../../../../shim/tasks/kill-error.ts';

function told(message: string): string {
  return killError(new Error(message)).message;
}

test('nobody left to kill is not found', () => {
  for (const output of ['container not running', 'os: process already finished', 'kill container: No such process']) {
    assert.equal(
      told(`runc did not terminate successfully: exit status 1: ${output}\n`),
      'process already finished: not found',
    );
  }
  assert.equal(told('exit status 1: container "x" does not exist'), 'no such container: not found');
});

test('any other failure says what failed', () => {
  assert.equal(told('exit status 1: unknown signal'), 'unknown error after kill: exit status 1: unknown signal');
});
