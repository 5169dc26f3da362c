// What the shim's host says of processes on this kernel.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

/** Built outside: the compiler takes long in here. */
const program = join(import.meta.dirname, '../../build/vm/host-checks');

test('the host’s checks of children', () => {
  const { status, stdout, stderr } = spawnSync(program, ['children', '/tmp'], { encoding: 'utf8', timeout: 300_000 });
  assert.match(stdout, /^ok /m, stderr);
  assert.doesNotMatch(stdout, /^not ok/m);
  // What it ends with when it has come to its end.
  assert.equal(status, 71, stderr);
});
