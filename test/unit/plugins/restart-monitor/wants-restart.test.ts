import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantsRestart } from '../../../../plugins/restart-monitor/wants-restart.ts';

function wants(labels: Record<string, string>, exitStatus = 0): boolean {
  const entries = Object.entries(labels).map(([key, value]): [string, string] => [
    `containerd.io/restart.${key}`,
    value,
  ]);
  return wantsRestart(new Map(entries), exitStatus);
}

test('policies', () => {
  assert.equal(wants({}), true);
  assert.equal(wants({ policy: 'always' }, 1), true);
  assert.equal(wants({ policy: 'no' }, 1), false);
  assert.equal(wants({ policy: 'unless-stopped' }), true);
  assert.equal(wants({ policy: 'unless-stopped', 'explicitly-stopped': 'false' }), true);
  assert.equal(wants({ policy: 'unless-stopped', 'explicitly-stopped': 'T' }), false);
  assert.equal(wants({ policy: 'on-failure' }, 0), false);
  assert.equal(wants({ policy: 'on-failure', count: '999' }, 1), true);
  assert.equal(wants({ policy: 'on-failure:2', count: '1' }, 1), true);
  assert.equal(wants({ policy: 'on-failure:2', count: '2' }, 1), false);
  assert.equal(wants({ policy: 'on-failure:2' }, 1), true);
});

test('policies that cannot be read are refused by name', () => {
  assert.throws(() => wants({ policy: 'sometimes' }), /restart policy "sometimes" is none of .*unless-stopped/);
  assert.throws(() => wants({ policy: 'always:3' }), /restart policy "always" takes no number/);
  assert.throws(() => wants({ policy: 'on-failure:x' }, 1), /"x" is no whole number/);
  assert.throws(() => wants({ policy: 'on-failure', count: 'x' }, 1), /restart\.count: "x" is no whole number/);
});
