import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyLabelMask } from '../../../../pkg/labels/apply-label-mask.ts';
import { validateLabels } from '../../../../pkg/labels/validate-labels.ts';

const current = new Map([
  ['a', '1'],
  ['b.c/d', '2'],
]);
const apply = (given: Record<string, string>, ...paths: string[]) =>
  Object.fromEntries(applyLabelMask(current, new Map(Object.entries(given)), paths));

test('a mask changes what it names, all without one', () => {
  assert.deepEqual(apply({ x: '1' }), { x: '1' });
  assert.deepEqual(apply({ x: '1' }, 'labels'), { x: '1' });
  assert.deepEqual(apply({ 'b.c/d': '3', x: '1' }, 'labels.b.c/d'), { a: '1', 'b.c/d': '3' });
  assert.deepEqual(apply({ x: '1', y: '2' }, 'labels.x', 'labels.y'), { a: '1', 'b.c/d': '2', x: '1', y: '2' });
});

test('an empty or missing value removes a label', () => {
  assert.deepEqual(apply({ a: '' }, 'labels.a'), { 'b.c/d': '2' });
  assert.deepEqual(apply({}, 'labels.a'), { 'b.c/d': '2' });
  assert.deepEqual(apply({ x: '', y: '1' }), { y: '1' });
});

test('other paths are refused by name', () => {
  for (const path of ['', 'name', 'labelsx', 'label.a', 'Labels.a'])
    assert.throws(() => apply({}, path), { kind: 'invalid-argument', detail: `cannot update "${path}" field` });
});

test('a label may have 4096 bytes with its key, and no more', () => {
  validateLabels(new Map([['ä', 'x'.repeat(4094)]]));
  assert.throws(() => validateLabels(new Map([['ä', 'x'.repeat(4095)]]), 'image.Labels'), {
    kind: 'invalid-argument',
    message:
      'image.Labels: label key and value length (4097 bytes) greater than maximum size (4096 bytes), key: ä: invalid argument',
  });
});
