import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtins } from '../../../daemon/builtins.ts';
import { pluginUri } from '../../../pkg/plugin/plugin-uri.ts';
import { sortPlugins } from '../../../pkg/plugin/sort-plugins.ts';

test('the gRPC socket is the last to open: whoever gets through to it finds every other listener', () => {
  assert.equal(sortPlugins(builtins).map(pluginUri).at(-1), 'io.containerd.server.v1.grpc');
});
