import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTerminal } from '../../../../shim/tasks/process-spec.ts';

test('a spec that says what was asked for stays as it is', () => {
  const spec = '{ "terminal": true, "args": ["sh"] }';
  assert.equal(withTerminal(spec, true), spec);
  assert.equal(withTerminal('{"args":["sh"]}', false), '{"args":["sh"]}');
});

test('numbers that JavaScript cannot hold survive', () => {
  const spec =
    '{"args":["sh"],"rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":18446744073709551615}]}';
  const changed = withTerminal(spec, true);
  assert.match(changed, /"hard":18446744073709551615,"soft":18446744073709551615/);
  assert.equal((JSON.parse(changed) as { terminal: boolean }).terminal, true);
});

test('a member that is there is changed where it stands, and none of its name elsewhere', () => {
  const spec = '{"env":["\\"terminal\\":true"],"x":{"terminal":true},"terminal" : true ,"cwd":"/"}';
  const changed = withTerminal(spec, false);
  assert.equal(changed, '{"env":["\\"terminal\\":true"],"x":{"terminal":true},"terminal":false ,"cwd":"/"}');
});

test('a member is added where there is none', () => {
  assert.equal(withTerminal('{}', true), '{"terminal":true}');
  assert.equal(withTerminal(' {"cwd":"/"}', true), ' {"terminal":true,"cwd":"/"}');
});

test('what is no object is refused', () => {
  for (const text of ['', '[]', 'null', '{"cwd":']) {
    assert.throws(() => withTerminal(text, true), { kind: 'invalid-argument' });
  }
});
