import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../../../pkg/filters/compile-filters.ts';
import type { FieldAdaptor } from '../../../../pkg/filters/filter.ts';
import { labelField } from '../../../../pkg/filters/label-field.ts';

const labels = new Map([
  ['env', 'prod'],
  ['a.b/c', 'x'],
  ['com.example.x', ''],
]);
const record: FieldAdaptor = (path) => {
  if (path[0] === 'name') return 'docker.io/lab/busybox:1';
  return path[0] === 'labels' ? labelField(labels, path) : undefined;
};
const admits = (...filters: string[]) => compileFilters(filters)(record);

test('filters are alternatives, selectors conditions; none or an empty one admit everything', () => {
  assert.equal(admits(), true);
  assert.equal(admits(''), true);
  assert.equal(admits('name==x', ''), true);
  assert.equal(admits('name==x', 'labels.env'), true);
  assert.equal(admits('name==x', 'labels.nope'), false);
  assert.equal(admits('labels.env,name==docker.io/lab/busybox:1'), true);
  assert.equal(admits('labels.env,name==x'), false);
});

// What containerd 2.1.9 answers to the same.
for (const [filter, expected] of [
  ['name', true],
  ['nope', false],
  ['nope!=x', true],
  ['nope!=""', false],
  ['nope~=""', true],
  ['nope==""', false],
  ['labels', false],
  ['labels.a.b/c', undefined],
  ['labels."a.b/c"==x', true],
  ['labels.com.example.x', true],
  ['labels.env!=prod', false],
  ['name == "docker.io/lab/busybox:1"', true],
  ['"nam\\x65"~=busybox', true],
  ['name=="docker.io/lab/\\142usybox:1"', true],
  ['name~=|^docker\\.io/|', undefined],
  ['name~=|^docker[.]io/|', true],
  ['name~=/^docker[.]io\\/lab/', true],
  ['name~=(?i)BUSY', true],
  ['name~=(', false],
  ['name~=b{2000}', false],
  ['name==docker.io/lab/busybox:1, labels.env', true],
  ['name==docker.io/lab/busybox:1 ,labels.env', undefined],
] as const) {
  test(`filter ${filter} is ${String(expected ?? 'refused')}`, () => {
    if (expected !== undefined) assert.equal(admits(filter), expected);
    else assert.throws(() => admits(filter), KindError);
  });
}

// The messages of containerd 2.1.9.
for (const [filter, message] of [
  ['name=', '[name >|=|< ]: unsupported operator "="'],
  ['name==', '[name==]: expected value or quoted'],
  ['name==a b', '[name==a >| |< b]: unexpected input:  '],
  ['name==/lab/', '[name== >|/|< lab/]: invalid quote encountered'],
  ['name~=|lab', '[name~= >|||< lab]: quoted literal not terminated'],
  ['"name', '[ >|"|< name]: quoted literal not terminated'],
  ['name,', '[name,]: expected field or quoted'],
  [' ', '[ ]: expected field or quoted'],
  ['.name', '[ >|.|< name]: expected field or quoted'],
  ['name name', '[name  >|n|< ame]: expected an operator ("=="|"!="|"~=")'],
  [' name ', '[ name ]: expected an operator ("=="|"!="|"~=")'],
  ['name-x', '[name >|-|< x]: expected an operator ("=="|"!="|"~=")'],
  ['name=~x', '[name >|=|< ~x]: unsupported operator "=~"'],
  ['name=="\\q"', '[name== >|"|< \\q"]: illegal escape sequence'],
  ['name=="\\x6"', '[name== >|"|< \\x6"]: illegal numeric escape sequence'],
  ['name=="\\400"', '[name== >|"|< \\400"]: unquoting failed: quote syntax error'],
  ['name=="\\U00110000"', '[name== >|"|< \\U00110000"]: unquoting failed: quote syntax error'],
  ['name==,', '[name== >|,|< ]: expected value or quoted'],
  ['name~=/x/y', '[name~=/x/ >|y|< ]: unexpected input: y'],
  ['labels . x', '[labels  >|.|<  x]: expected an operator ("=="|"!="|"~=")'],
] as const) {
  test(`filter ${JSON.stringify(filter)} is refused with its position`, () => {
    assert.throws(() => admits(filter), {
      kind: 'invalid-argument',
      message: `filters: parse error: ${message}: invalid argument`,
    });
  });
}

test('any quoted value comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const escaped = Array.from(value, (character) => {
        const point = character.codePointAt(0) ?? 0;
        return point < 0x20 || character === '"' || character === '\\' || point > 0xffff
          ? `\\U${point.toString(16).padStart(8, '0')}`
          : character;
      }).join('');
      assert.equal(
        compileFilters([`f=="${escaped}"`])(() => value),
        true,
      );
      assert.equal(
        compileFilters([`f!="${escaped}"`])(() => `${value}x`),
        true,
      );
    }),
  );
});

test('whatever is sent, a filter is compiled or refused as an argument', () => {
  const piece = fc.constantFrom(
    'a',
    'labels',
    '.',
    ',',
    '==',
    '!=',
    '~=',
    '=',
    '"',
    '/',
    '|',
    '\\',
    '\\x41',
    ' ',
    '\n',
    '(',
    '*',
    'é',
    '\u{1f600}',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        compileFilters([pieces.join('')])(record);
      } catch (error) {
        assert.ok(error instanceof KindError && error.kind === 'invalid-argument', String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
