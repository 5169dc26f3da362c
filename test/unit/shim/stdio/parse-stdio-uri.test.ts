import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStdioUri } from '../../../../shim/stdio/parse-stdio-uri.ts';

const whole = { longestLine: 16384 };

for (const [text, expected] of [
  ['', { kind: 'none' }],
  ['/run/fifo/a?b=%zz:c', { kind: 'fifo', path: '/run/fifo/a?b=%zz:c' }],
  ['fifo:///run/a%20b', { kind: 'fifo', path: '/run/a b' }],
  ['FILE:///var/log/x#part', { kind: 'file', path: '/var/log/x' }],
  ['file:/var/log/x', { kind: 'file', path: '/var/log/x' }],
  ['binary:///bin/log', { kind: 'logger', path: '/bin/log', args: [], strict: false }],
  ['binary-v2:///bin/log?', { kind: 'logger', path: '/bin/log', args: [], strict: true }],
  [
    'binary:///bin/log?z=1&a&z=2&m=x+y%2Bz&=v',
    { kind: 'logger', path: '/bin/log', args: ['z', '1', 'a', '', 'm', 'x y+z', '', 'v'], strict: false },
  ],
  ['cri-log:///l', { kind: 'cri-log', path: '/l', ...whole }],
  ['cri-log:///l?max-line=1048576', { kind: 'cri-log', path: '/l', longestLine: 1048576 }],
] as const) {
  test(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(parseStdioUri(text), expected));
}

for (const [text, kind, message] of [
  ['ttrpc+unix:///run/s.sock?streaming_id=a', 'unknown', /^unknown STDIO scheme ttrpc\+unix/],
  ['file://relative/x', 'invalid-argument', /names no absolute path: use a FIFO by its path/],
  ['file://', 'invalid-argument', /names no absolute path/],
  ['file:///a%zz', 'invalid-argument', /broken escape .* write %25 for %/],
  ['file:///a%00b', 'invalid-argument', /names no absolute path|NUL/],
  ['binary:///a?b=%00', 'invalid-argument', /NUL in its query/],
  ['binary:///a?b=%ff', 'invalid-argument', /broken escape/],
  ['cri-log:///l?max-line=0', 'invalid-argument', /between 1 and 1048576/],
  ['cri-log:///l?max-line=1048577', 'invalid-argument', /between 1 and 1048576/],
  ['cri-log:///l?max-line=1e3', 'invalid-argument', /between 1 and 1048576/],
  ['cri-log:///l?maxline=3', 'invalid-argument', /option "maxline"; there is max-line only/],
] as const) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseStdioUri(text), { kind, message });
  });
}
