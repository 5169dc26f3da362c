import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileFilters } from '../../../../pkg/filters/compile-filters.ts';
import { labelField } from '../../../../pkg/filters/label-field.ts';
import { parseFilter } from '../../../../pkg/filters/parse-filter.ts';
import { orRefused } from '../../../lab/or-refused.ts';

/** Go's quoting of any text, as its clients do it with %q. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const selector = fc.record(
  {
    path: fc.array(text, { minLength: 1, maxLength: 4 }),
    operator: fc.constantFrom('present', '==', '!=', '~=' as const),
    value: text,
  },
  { noNullPrototype: true },
);

test('what is written with quotes is read as it was meant', () => {
  fc.assert(
    fc.property(fc.array(selector, { minLength: 1, maxLength: 5 }), (selectors) => {
      const meant = selectors.map((one) => (one.operator === 'present' ? { ...one, value: '' } : one));
      const written = meant.map(({ path, operator, value }) => {
        const field = path.map(quoted).join('.');
        return operator === 'present' ? field : `${field}${operator}${quoted(value)}`;
      });
      assert.deepEqual(parseFilter(written.join(',')), meant);
    }),
  );
});

test('a label is found by its key and value, whatever they hold, and no other is', () => {
  fc.assert(
    fc.property(text, text, text, (key, value, other) => {
      const matches = compileFilters([`labels.${quoted(key)}==${quoted(value)}`]);
      const admits = (labels: ReadonlyMap<string, string>): boolean => matches((path) => labelField(labels, path));
      assert.equal(admits(new Map([[key, value]])), true);
      assert.equal(admits(new Map([[key, other]])), value === other);
      assert.equal(admits(new Map()), false);
    }),
  );
});

const pieces = [
  '"',
  '\\',
  '/',
  '|',
  ',',
  '.',
  '==',
  '!=',
  '~=',
  '~',
  '=',
  ' ',
  '\n',
  'name',
  'labels',
  'a',
  '\\x4',
  '\\u12',
  '\\777',
  '𝒳',
];
const nearly = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })), { maxLength: 30 })
  .map((parts) => parts.join(''));

test('any text is a filter or a typed error', () => {
  fc.assert(
    fc.property(nearly, (filter) => {
      const matches = orRefused(() => compileFilters([filter]));
      matches?.((path) => path.join('.'));
    }),
    { numRuns: 2000 },
  );
});

test('long filters take time in proportion to their length', () => {
  const length = 200_000;
  const long = [
    `name==${'a'.repeat(length)}`,
    `${'a.'.repeat(length)}a`,
    `${'a,'.repeat(length)}a`,
    `"${'\\x41'.repeat(length)}"`,
    `name~="${'(a*)*'.repeat(length / 5)}"`,
    `name~="${'('.repeat(length)}"`,
    ' '.repeat(length),
    '"'.repeat(length),
    '='.repeat(length),
  ];
  for (const filter of long) {
    const matches = orRefused(() => compileFilters([filter]));
    matches?.(() => 'a'.repeat(1000));
  }
  // A classic of those that go back: linear here.
  assert.equal(
    compileFilters(['name~="^(a+)+$"'])(() => `${'a'.repeat(20_000)}b`),
    false,
  );
});
