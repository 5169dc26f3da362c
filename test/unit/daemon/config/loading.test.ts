import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { Configuration } from '../../../../daemon/config/configuration.ts';
import { loadConfiguration } from '../../../../daemon/config/load-configuration.ts';
import { definePlugin, type AnyPlugin } from '../../../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../../../pkg/plugin/plugin-type.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const plugins: readonly AnyPlugin[] = [
  definePlugin({
    token: new PluginToken<undefined>(pluginTypes.gc, 'scheduler'),
    requires: [],
    config: {
      defaults: { threshold: 0.02, delay: '0s', list: ['a'], inner: { on: false, count: 1 }, free: {} },
      parse: () => undefined,
    },
    init: () => undefined,
  }),
];
const uri = 'io.containerd.gc.v1.scheduler';

/** Writes files (the first is the main one) and loads them. */
async function load(files: Readonly<Record<string, string>>): Promise<Configuration & { readonly directory: string }> {
  using directory = new TemporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.replaceAll('$DIR', directory.path));
  }
  const [main = ''] = Object.keys(files);
  const loaded = await loadConfiguration(join(directory.path, main), plugins);
  return { ...loaded, sourcesOf: loaded.sourcesOf.bind(loaded), directory: directory.path };
}

describe('imports', () => {
  test('are laid over each other in the order of their names', async () => {
    const {
      document,
      plugins: tables,
      ...rest
    } = await load({
      'config.toml': `version = 3
root = "/main"
imports = ["conf.d/*.toml", "$DIR/absent.toml"]
disabled_plugins = ["io.containerd.a.v1.a"]
[plugins.'${uri}']
  threshold = 0.5
  list = ["x"]
[plugins.'${uri}'.inner]
  on = true
[timeouts]
  'io.containerd.timeout.shim.load' = '9s'
[proxy_plugins.one]
  type = "snapshot"
  address = "/one"
  platform = "linux/amd64"
`,
      'conf.d/20.toml': `version = 3\nroot = "/twenty"\n[plugins.'${uri}']\n  list = ["y"]\n`,
      'conf.d/10.toml': `version = 2
root = "/ten"
oom_score = -5
disabled_plugins = ["io.containerd.a.v1.a", "io.containerd.b.v1.b"]
[plugins.'${uri}'.inner]
  count = 7
[proxy_plugins.one]
  type = "content"
  address = "/other"
[proxy_plugins.two]
  type = "diff"
  address = "/two"
[timeouts]
  "io.containerd.timeout.task.state" = "1s"
`,
      'conf.d/readme.md': 'not TOML [',
    });
    assert.equal(rest.root, '/twenty');
    assert.equal(rest.oomScore, -5);
    assert.deepEqual(rest.disabledPlugins, ['io.containerd.a.v1.a', 'io.containerd.b.v1.b']);
    assert.deepEqual(tables.get(uri), { threshold: 0.5, list: ['y'], inner: { on: true, count: 7 } });
    assert.deepEqual([...rest.proxyPlugins.keys()], ['one', 'two']);
    // By name, not by key: the second replaces the first.
    assert.equal(rest.proxyPlugins.get('one')?.platform, '');
    assert.equal(rest.timeouts.get('io.containerd.timeout.shim.load'), 9000);
    assert.equal(rest.timeouts.get('io.containerd.timeout.task.state'), 1000);
    assert.equal(rest.timeouts.get('io.containerd.timeout.shim.cleanup'), 5000);
    assert.equal(document['version'], 4);
    const sources = ['config.toml', 'conf.d/10.toml', 'conf.d/20.toml'].map((name) => join(rest.directory, name));
    assert.deepEqual(rest.sourcesOf(uri), sources);
  });

  test('may import each other, and are read once', async () => {
    const { oomScore } = await load({
      'a.toml': `version = 2\nimports = ["b.toml"]\n`,
      'b.toml': `version = 2\nimports = ["a.toml", "b.toml"]\noom_score = 3\n`,
    });
    assert.equal(oomScore, 3);
  });

  test('of a higher version than the main file are refused', async () => {
    const files = { 'a.toml': `version = 2\nimports = ["b.toml"]\n`, 'b.toml': `version = 3\n` };
    await assert.rejects(load(files), {
      kind: 'invalid-argument',
      message: /b\.toml is of version 3, .*a\.toml of version 2/,
    });
  });
});

describe('unknown keys', () => {
  test('are told with their full path and file', async () => {
    const { warnings, directory } = await load({
      'config.toml': `version = 3
bogus = 1
[grpc]
  xx = 1
[debug]
  log_trace_id = true
[proxy_plugins.p]
  type = "diff"
  address = "/x"
  addres = "/x"
[plugins.'${uri}']
  bog = 3
[plugins.'${uri}'.inner]
  deep = 1
[plugins.'${uri}'.free]
  anything = 1
[plugins.'io.containerd.foreign.v1.plugin']
  anything = 1
[plugins.scheduler]
  threshold = 1
`,
    });
    const keys = warnings.filter(({ fields }) => 'key' in fields).map(({ fields }) => fields['key']);
    assert.deepEqual(keys, [
      'bogus',
      'grpc.xx',
      'debug.log_trace_id',
      'proxy_plugins.p.addres',
      `plugins.'${uri}'.bog`,
      `plugins.'${uri}'.inner.deep`,
      'plugins.scheduler',
    ]);
    assert.ok(warnings.every(({ fields }) => fields['file'] === join(directory, 'config.toml')));
  });

  test('what version 4 moved is one there', async () => {
    const { warnings, address } = await load({ 'config.toml': 'version = 4\n[grpc]\n  address = "/x.sock"\n' });
    assert.deepEqual(
      warnings.map(({ fields }) => fields['key']),
      ['grpc'],
    );
    assert.equal(address, '');
  });
});

describe('bad values are errors that name file and key', () => {
  const cases: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
    'another type': ['version = 3\nroot = 5', /config\.toml: root must be a string, not a number/],
    'another type, deeper': [
      'version = 2\n[grpc]\nuid = "x"',
      /config\.toml: grpc\.uid must be a number, not a string/,
    ],
    'of a list’s element': ['version = 2\nimports = [1]', /config\.toml: imports\.0 must be a string, not a number/],
    'of a plugin': [
      `version = 2\n[plugins."${uri}"]\ndelay = 3`,
      /config\.toml: plugins\.'io\.containerd\.gc\.v1\.scheduler'\.delay must be a string/,
    ],
    'a plugin that is no table': [
      'version = 2\n[plugins]\n"io.containerd.a.v1.a" = 3',
      /'io\.containerd\.a\.v1\.a' must be a table/,
    ],
    'a plugin’s name': [
      'version = 2\ndisabled_plugins = ["cri"]',
      /config\.toml: disabled_plugins: "cri" is not of the form/,
    ],
    'a duration': ["version = 3\n[timeouts]\n'a' = 'b'", /config\.toml: timeouts\.a must be a duration/],
    'a newer version': ['version = 9', /config\.toml: version 9 is newer than 4/],
    'a version of another type': ['version = "2"', /config\.toml: version must be a whole number/],
    'a log level': ['version = 2\n[debug]\nlevel = "loud"', /config\.toml: log level "loud"/],
    'a log format': ['version = 2\n[debug]\nformat = "xml"', /debug\.format "xml"/],
    'an oom score': ['version = 2\noom_score = 2000', /oom_score must be a whole number from -1000 to 1000/],
    'no root': ['version = 2\nroot = ""', /root must be specified/],
    'a relative state': ['version = 2\nstate = "a/b"', /state "a\/b" must be an absolute/],
    'root for state': ['version = 2\nroot = "/a"\nstate = "/a"', /root and state must be different/],
    'a proxy plugin of an unknown type': [
      'version = 3\n[proxy_plugins.p]\ntype = "image"\naddress = "/x"',
      /config\.toml: proxy_plugins\.p: type "image" is unknown/,
    ],
    'a proxy plugin without an address': [
      'version = 3\n[proxy_plugins.p]\ntype = "snapshot"',
      /config\.toml: proxy_plugins\.p: socket address must not be empty/,
    ],
    'a proxy plugin’s list': [
      'version = 3\n[proxy_plugins.p]\ncapabilities = "x"',
      /config\.toml: proxy_plugins\.p\.capabilities must be a list, not a string/,
    ],
    'a stream processor’s list': [
      'version = 3\n[stream_processors.p]\naccepts = [1]',
      /config\.toml: stream_processors\.p\.accepts\.0 must be a string, not a number/,
    ],
    'no TOML': ['version = 2\nx = [', /config\.toml: line \d+, column \d+: /],
  };
  for (const [name, [text, message]] of Object.entries(cases)) {
    test(name, async () => {
      await assert.rejects(load({ 'config.toml': text }), { kind: 'invalid-argument', message });
    });
  }
});

test('files that cannot be read are named', async () => {
  using directory = new TemporaryDirectory();
  await assert.rejects(loadConfiguration(directory.path, plugins), {
    kind: 'invalid-argument',
    message: new RegExp(`^${directory.path}: EISDIR`),
  });
  const files = { 'a.toml': 'version = 2\nimports = ["$DIR"]\n' };
  await assert.rejects(load(files), { kind: 'invalid-argument', message: /: EISDIR/ });
});

test('a file that is not there leaves the defaults, and is told', async () => {
  const { root, state, logLevel, warnings } = await loadConfiguration('/nonexistent/config.toml', plugins);
  assert.deepEqual([root, state, logLevel], ['/var/lib/containerd', '/run/containerd', 'info']);
  assert.match(warnings[0]?.message ?? '', /no such configuration file/);
});

test('a key named __proto__ is a key', async () => {
  const { plugins: tables } = await load({ 'config.toml': `version = 3\n[plugins.'${uri}'.free.__proto__]\nx = 1\n` });
  assert.equal(Object.hasOwn({}, 'x'), false);
  assert.match(JSON.stringify(tables.get(uri)), /__proto__/);
});
