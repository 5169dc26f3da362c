import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../daemon/command-line.ts';

const none = {
  config: '/etc/containerd/config.toml',
  level: undefined,
  address: undefined,
  root: undefined,
  state: undefined,
};

test('without a command the daemon runs', () => {
  assert.deepEqual(parseCommandLine([]), { command: 'run', flags: none });
  // As dockerd starts it.
  assert.deepEqual(parseCommandLine(['--config', '/x/containerd.toml', '--log-level', 'info']), {
    command: 'run',
    flags: { ...none, config: '/x/containerd.toml', level: 'info' },
  });
  assert.deepEqual(parseCommandLine(['-c', '/c', '-l=debug', '-a', '/a', '--root=/r', '-state', '/s']).flags, {
    config: '/c',
    level: '=debug',
    address: '/a',
    root: '/r',
    state: '/s',
  });
});

test('commands', () => {
  for (const command of ['config default', 'config dump', 'config migrate'] as const) {
    assert.deepEqual(parseCommandLine(['-c', '/c', ...command.split(' ')]), {
      command,
      flags: { ...none, config: '/c' },
    });
  }
  // As shims call it.
  assert.deepEqual(parseCommandLine(['--address', '/a', 'publish', '--topic', '/tasks/exit', '--namespace', 'n']), {
    command: 'publish',
    flags: { ...none, address: '/a' },
    topic: '/tasks/exit',
    namespace: 'n',
  });
  assert.equal(parseCommandLine(['oci-hook', 'x', 'y']).command, 'oci-hook');
  assert.equal(parseCommandLine(['-v']).command, 'version');
  assert.equal(parseCommandLine(['--version']).command, 'version');
  assert.equal(parseCommandLine(['-h']).command, 'help');
  assert.equal(parseCommandLine(['help']).command, 'help');
});

test('what is not known is refused', () => {
  for (const args of [['bogus'], ['--bogus'], ['config'], ['config', 'x'], ['-c'], ['publish', 'x']]) {
    assert.throws(() => parseCommandLine(args), { kind: 'invalid-argument' }, args.join(' '));
  }
});
