import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfiguration } from '../../../../daemon/config/load-configuration.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { definePlugin } from '../../../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../../../pkg/plugin/plugin-type.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const plugins = [
  definePlugin({
    token: new PluginToken<undefined>(pluginTypes.gc, 'scheduler'),
    requires: [],
    config: { defaults: { threshold: 0.02, list: ['a'], inner: { on: false } }, parse: () => undefined },
    init: () => undefined,
  }),
];

const value = fc.oneof(
  fc.constantFrom(
    'true',
    '1',
    '-1',
    '1.5',
    'nan',
    'inf',
    '"x"',
    '""',
    '[]',
    '[1]',
    '["a.b"]',
    '[["a"]]',
    '{}',
    '{a=1}',
    '1979-05-27',
  ),
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
);
const key = fc.constantFrom(
  ...[
    'version',
    'root',
    'state',
    'imports',
    'disabled_plugins',
    'required_plugins',
    'oom_score',
    'timeouts',
    'grpc',
    'ttrpc',
  ],
  ...[
    'address',
    'uid',
    'debug',
    'level',
    'plugins',
    'threshold',
    'list',
    'inner',
    'temp',
    'proxy_plugins',
    'stream_processors',
    '__proto__',
  ],
);
const header = fc.constantFrom(
  ...[
    '[grpc]',
    '[ttrpc]',
    '[debug]',
    '[metrics]',
    '[cgroup]',
    '[timeouts]',
    '[plugins]',
    '[proxy_plugins.a]',
    '[stream_processors."x"]',
  ],
  ...[
    '[plugins."io.containerd.gc.v1.scheduler"]',
    '[plugins."io.containerd.gc.v1.scheduler".inner]',
    '[plugins.scheduler]',
    '[plugins.cri]',
  ],
  ...['[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]', '[[plugins]]', '[', '[__proto__]'],
);
const line = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(key, value).map(([name, given]) => `${name} = ${given}`) },
  header,
);

async function load(directory: string, text: string): Promise<void> {
  const file = join(directory, 'config.toml');
  writeFileSync(file, text);
  try {
    await loadConfiguration(file, plugins);
  } catch (error) {
    assert.ok(error instanceof KindError, String(error));
    assert.match(error.message, /config\.toml/);
  }
}

test('any file of a version is a configuration or a typed error that names it', async () => {
  using directory = new TemporaryDirectory();
  const text = fc
    .tuple(
      fc.constantFrom('', 'version = 1\n', 'version = 2\n', 'version = 3\n', 'version = 4\n'),
      fc.array(line, { maxLength: 8 }),
    )
    .map(([version, lines]) => version + lines.join('\n'));
  await fc.assert(
    fc.asyncProperty(text, (toml) => load(directory.path, toml)),
    { numRuns: 1000 },
  );
});

test('a file that nests deeply is refused', async () => {
  using directory = new TemporaryDirectory();
  await load(directory.path, `version = 3\nx = ${'['.repeat(100_000)}`);
  await load(directory.path, `version = 3\nx = ${'{a='.repeat(100_000)}`);
  await load(directory.path, `version = 3\n[${'a.'.repeat(50_000)}b]\nc = 1`);
});
