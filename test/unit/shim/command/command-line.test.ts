import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../../shim/command/command-line.ts';

test('flags take one dash or two, and their value behind them or behind an equals sign', () => {
  const line = parseCommandLine([
    '-namespace',
    'n',
    '--id=c1',
    '-address',
    '/run/d.sock',
    '-debug',
    '-publish-binary',
    '/d',
    'start',
  ]);
  assert.deepEqual(line, {
    debug: true,
    version: false,
    info: false,
    namespace: 'n',
    id: 'c1',
    socket: '',
    bundle: '',
    address: '/run/d.sock',
    publishBinary: '/d',
    debugSocket: '',
    action: 'start',
  });
});

test('a switch takes its value behind an equals sign alone', () => {
  assert.equal(parseCommandLine(['-debug=false', 'delete']).debug, false);
  assert.equal(parseCommandLine(['-debug', 'false']).action, 'false');
  assert.equal(parseCommandLine(['-v']).version, true);
  assert.equal(parseCommandLine(['--version=1']).version, true);
  assert.throws(() => parseCommandLine(['-info=maybe']), /invalid boolean value "maybe" for -info/);
});

test('the first argument that is no flag is the action, and what follows is nobody’s', () => {
  const line = parseCommandLine(['-id', 'c1', 'start', '-id', 'c2']);
  assert.deepEqual([line.action, line.id], ['start', 'c1']);
  assert.equal(parseCommandLine(['--', 'delete']).action, 'delete');
  assert.equal(parseCommandLine(['-', 'delete']).action, '-');
  assert.equal(parseCommandLine([]).action, '');
});

test('a value may be empty, begin with a dash, and hold equals signs and newlines', () => {
  assert.equal(parseCommandLine(['-id=', 'start']).id, '');
  assert.equal(parseCommandLine(['-id', '-x']).id, '-x');
  assert.equal(parseCommandLine(['-bundle=/a=b\nc']).bundle, '/a=b\nc');
});

test('flags that are unknown, lack their value or are no flags are refused with the words of Go', () => {
  assert.throws(() => parseCommandLine(['-frobnicate']), { message: 'flag provided but not defined: -frobnicate' });
  assert.throws(() => parseCommandLine(['-publishBinary', 'x']), {
    message: 'flag provided but not defined: -publishBinary',
  });
  assert.throws(() => parseCommandLine(['-id']), { message: 'flag needs an argument: -id' });
  assert.throws(() => parseCommandLine(['---id', 'x']), { message: 'bad flag syntax: ---id' });
  assert.throws(() => parseCommandLine(['-=x']), { message: 'bad flag syntax: -=x' });
  assert.throws(() => parseCommandLine(['-constructor']), { message: 'flag provided but not defined: -constructor' });
});
