import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../../../pkg/identifiers/validate-identifier.ts';

test('good names pass', () => {
  for (const name of ['a', 'default', 'k8s.io', 'A-b_c.9', '0', 'x'.repeat(76)]) validateIdentifier(name);
});

test('bad names are refused, with what they are', () => {
  const bad = ['', '.', 'a.', '-a', 'a..b', 'a._b', 'a/b', 'a b', 'ä', 'a\n', '..', 'x'.repeat(77)];
  for (const name of bad) {
    assert.throws(
      () => validateIdentifier(name, 'container id'),
      (error) =>
        error instanceof KindError && error.kind === 'invalid-argument' && /^container id /.test(error.message),
      name,
    );
  }
});

test('whatever passes is safe in a path', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), (name) => {
      try {
        validateIdentifier(name);
      } catch {
        return;
      }
      assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]*$/);
      assert.ok(!name.includes('..'));
    }),
  );
});
