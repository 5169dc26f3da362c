import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarDockerReference, normalizeDockerReference } from '../../../../pkg/references/docker-reference.ts';
import { parseReference } from '../../../../pkg/references/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test('names are taken apart', () => {
  assert.deepEqual(parseReference(`localhost:5000/a/b:1@${digest}`), {
    host: 'localhost:5000',
    repository: 'a/b',
    tag: '1',
    digest,
  });
  assert.deepEqual(parseReference('docker.io/library/busybox:latest'), {
    host: 'docker.io',
    repository: 'library/busybox',
    tag: 'latest',
    digest: '',
  });
});

for (const bad of [
  '',
  'busybox',
  '/a',
  'h/',
  'http://h/a',
  'h/a:',
  'h/a@x',
  'h/a//b',
  'h/../b',
  'h/a?b',
  'h /a',
  'h/a:b c',
  'x'.repeat(5000),
]) {
  test(`${JSON.stringify(bad.slice(0, 20))} is no name`, () => {
    assert.throws(() => parseReference(bad), /invalid argument/);
  });
}

test('short names become full and full ones short', () => {
  const pairs = [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['a/b:1', 'docker.io/a/b:1', 'a/b:1'],
    ['localhost/b', 'localhost/b:latest', 'localhost/b:latest'],
    ['h:5000/b:2', 'h:5000/b:2', 'h:5000/b:2'],
  ];
  for (const [short = '', full, familiar] of pairs) {
    assert.equal(normalizeDockerReference(short), full);
    assert.equal(familiarDockerReference(short), familiar);
  }
});
