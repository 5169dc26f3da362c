import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { HangWatch } from '../../lab/hang-watch.ts';

/** Far away: not the limit that is tried. */
const never = 1_000_000;

async function reasonOf({ signal }: HangWatch): Promise<string> {
  if (!signal.aborted) await once(signal, 'abort');
  return String(signal.reason);
}

describe('a test file that hangs', () => {
  test('is told with the tests that it is at', async () => {
    using watch = new HangWatch({ file: 10, idle: never });
    watch.begun(1, 'a suite');
    watch.begun(2, 'its first');
    watch.ended(2);
    watch.begun(3, 'its second');
    assert.equal(await reasonOf(watch), 'Error: a suite › its second: not done after 0.01 s');
  });

  test('when no test begins', async () => {
    using watch = new HangWatch({ file: never, idle: 10 });
    assert.equal(await reasonOf(watch), 'Error: what its tests left open: not done after 0.01 s');
  });

  test('after its last test', async () => {
    using watch = new HangWatch({ file: never, idle: 10 });
    watch.begun(1, 'the last');
    watch.ended(1);
    assert.equal(await reasonOf(watch), 'Error: what its tests left open: not done after 0.01 s');
  });
});
