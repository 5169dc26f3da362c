import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPath } from '../../../../shim/command/clean-path.ts';

// What Go's filepath.Clean answers.
const cases: readonly (readonly [path: string, clean: string])[] = [
  ['/run/containerd/containerd.sock/default/c1', '/run/containerd/containerd.sock/default/c1'],
  ['unix:///run/d.sock/default/c1', 'unix:/run/d.sock/default/c1'],
  ['/a//b/./c/', '/a/b/c'],
  ['/a/../../b', '/b'],
  ['a/../../b', '../b'],
  ['', '.'],
  ['/', '/'],
];

for (const [path, clean] of cases) {
  test(`${JSON.stringify(path)} is cleaned as Go does`, () => assert.equal(cleanPath(path), clean));
}
