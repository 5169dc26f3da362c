import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { soleMember } from '../../../../shim/tasks/sole-member.ts';

test('strings and flat arrays are found at any depth, however they are laid out', () => {
  const spec = {
    process: { env: ['x="namespaces":[1]'] },
    linux: { namespaces: [{ type: 'pid' }, { type: 'net', path: '/x' }] },
  };
  for (const text of [JSON.stringify(spec), JSON.stringify(spec, null, 2)]) {
    assert.deepEqual(soleMember(text, 'namespaces'), { kind: 'found', value: spec.linux.namespaces });
  }
  const tricky = { a: { 'group.name': 'x"y\\', b: '\\' } };
  assert.deepEqual(soleMember(JSON.stringify(tricky), 'group.name'), { kind: 'found', value: 'x"y\\' });
  assert.deepEqual(soleMember(JSON.stringify(tricky), 'b'), { kind: 'found', value: '\\' });
  assert.deepEqual(soleMember(JSON.stringify(tricky), 'a'), { kind: 'found', value: tricky.a });
});

test('what is not there is not found, and what is not clear is said to be so', () => {
  assert.deepEqual(soleMember('{"a":"b"}', 'c'), { kind: 'none' });
  for (const text of [
    '{"a":"1","x":{"a":"2"}}',
    '{"x":"a"}',
    '{"a":7}',
    '{"a":{"b":{}}}',
    '{"a":{"b":"}"}}',
    '{"a":[[1],2]}',
    '{"a":["]"]}',
    '{"a":"',
    '{"a":["',
  ]) {
    assert.deepEqual(soleMember(text, 'a'), { kind: 'unclear' }, text);
  }
});

/** The values of all members of a name, at whatever depth. */
function valuesOf(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = !Array.isArray(value) && Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
  return [...own, ...Object.values(value).flatMap((each) => valuesOf(each, name))];
}

test('nothing is ever found but what parsing finds', () => {
  const value = fc.oneof(fc.string(), fc.array(fc.dictionary(fc.string(), fc.string())), fc.integer());
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(value, fc.dictionary(fc.string(), value))),
      fc.string(),
      (object, name) => {
        const found = soleMember(JSON.stringify(object), name);
        if (found.kind === 'unclear') return;
        const values = valuesOf(JSON.parse(JSON.stringify(object)), name);
        assert.deepEqual(values, found.kind === 'none' ? [] : [found.value]);
      },
    ),
    { numRuns: 2000 },
  );
});
