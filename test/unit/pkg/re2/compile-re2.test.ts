import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRe2 } from '../../../../pkg/re2/compile-re2.ts';

// Patterns that Go's regexp takes, a text that it finds them in, and one that it does not.
for (const [pattern, matches, not] of [
  ['', '', undefined],
  ['b', 'abc', 'ac'],
  ['^b', 'bc', 'ab'],
  ['b$', 'ab', 'ab\n'],
  ['(?m)^b$', 'a\nb\nc', 'a\nbc'],
  ['\\Ab\\z', 'b', 'b\n'],
  ['a.c', 'abc', 'a\nc'],
  ['(?s)a.c', 'a\nc', 'ac'],
  ['(?i)straße|K', 'STRAßE', 'x'],
  ['(?i)k', '\u212a', 'x'],
  ['(?i:a)b', 'Ab', 'AB'],
  ['a(?i)b|c', 'C', 'A'],
  ['(?-s).', 'a', '\n'],
  ['[^a]', '\n', 'a'],
  ['[]a]', ']', 'b'],
  ['[a-]', '-', 'b'],
  ['[[:alpha:]_]', '_', '1'],
  ['[[:^digit:]]', 'a', '1'],
  ['[\\d.]', '.', 'a'],
  ['\\pL\\p{Greek}\\P{Lu}', 'aαb', 'aαB'],
  ['\\p{^Greek}', 'a', 'α'],
  ['\\Qa.b*\\Ec', 'a.b*c', 'aXbc'],
  ['\\x41\\x{1F600}\\101\\n', 'A\u{1f600}A\n', 'A'],
  ['\\bfoo\\b', 'a foo b', 'afoo'],
  ['a\\Bb', 'ab', 'a b'],
  ['x{2,3}y', 'xxy', 'xy'],
  ['x{,2}', 'x{,2}', 'xx'],
  ['x{2}{', 'xx{', 'xx'],
  ['(?P<n>a)(?<m>b)', 'ab', 'a'],
  ['(a|b)*c|d', 'd', 'ab'],
  ['(|a)+$', '', undefined],
  ['^*b', 'b', 'a'],
  ['a(?i)*b', 'aab', 'ac'],
  ['(?U)a+?b', 'aab', 'b'],
] as const) {
  test(`pattern ${JSON.stringify(pattern)}`, () => {
    const compiled = compileRe2(pattern);
    assert.ok(compiled !== undefined);
    assert.equal(compiled.test(matches), true);
    if (not !== undefined) assert.equal(compiled.test(not), false);
  });
}

for (const pattern of [
  '(',
  ')',
  '[',
  '[b-a]',
  '[[:foo:]]',
  '*',
  'a**',
  'a{2}{3}',
  '(*a)',
  '|*',
  'a{1001}',
  'a{3,2}',
  '(a{40}){40}',
  '\\',
  '\\1',
  '\\Z',
  '\\C',
  '\\E',
  '\\q',
  '\\x4',
  '\\x{110000}',
  '\\p{Foo}',
  '\\p',
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(?P<n>a)(?P<n>b)',
  '(?P<>a)',
  '(?P<n',
  '(?i',
  '(?z)',
  '(?i-)',
  '(?P=n)',
  '(?#x)',
  '('.repeat(300),
]) {
  test(`pattern ${JSON.stringify(pattern.slice(0, 20))} is refused`, () =>
    assert.equal(compileRe2(pattern), undefined));
}

test('patterns that both know match where JavaScript finds them', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '^', '$', '\\b', '\\B', 'é');
  const pattern = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      atom,
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a}|${b})`),
      fc
        .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'))
        .map(([a, op]) => `(?:${a})${op}`),
    ),
  })).node;
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' ', 'é'), maxLength: 12 });
  fc.assert(
    fc.property(pattern, text, (source, input) => {
      const ours = compileRe2(source);
      assert.equal(ours?.test(input), new RegExp(source, 'u').test(input), `/${source}/ on ${JSON.stringify(input)}`);
    }),
    { numRuns: 5000 },
  );
});

test('patterns that blow up elsewhere do not', () => {
  const text = `${'a'.repeat(2000)}!`;
  for (const pattern of [
    '^(a+)+$',
    '^(a|aa)+$',
    '^(a|a?)+$',
    '^(.*a){20}$x',
    `^${'a?'.repeat(200)}${'a'.repeat(200)}b`,
  ])
    assert.equal(compileRe2(pattern)?.test(text), false);
});
