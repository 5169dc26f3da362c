import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TaskExit } from '../../../../api/gen/containerd/events/events.ts';
import type { ErrorKind } from '../../../../pkg/errors/error-kind.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { Bundle } from '../../../../services/tasks/bundle.ts';
import { ShimCommand } from '../../../../services/tasks/shim-command.ts';
import { callsOf, misbehavingShim, type Misbehaviour } from '../../../lab/misbehaving-shim-script.ts';
import { fieldsFor, RuntimeUnderTest } from './runtime-under-test.ts';

const scope = { namespace: 'default' };

const ofKind =
  (kind: ErrorKind) =>
  (error: unknown): boolean =>
    error instanceof KindError && error.kind === kind;

const failures: readonly [Misbehaviour, ErrorKind][] = [
  ['fails', 'unavailable'],
  ['is-silent', 'unavailable'],
  ['talks-nonsense', 'unavailable'],
  ['talks-without-end', 'unavailable'],
  ['breaks-off', 'unavailable'],
  ['is-too-new', 'unimplemented'],
  ['is-nowhere', 'unavailable'],
  ['answers-garbage', 'unavailable'],
  ['dies-when-asked', 'unavailable'],
  ['hangs-up', 'unavailable'],
  ['delete-fails', 'unavailable'],
];

for (const [mode, kind] of failures) {
  test(`a shim that ${mode} leaves nothing behind but a typed error`, async () => {
    await using lab = new RuntimeUnderTest();
    const shim = misbehavingShim(lab.directory, mode);
    await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), ofKind(kind));
    assert.deepEqual(lab.remains(), []);
    assert.deepEqual(lab.processes(), []);
    assert.ok(callsOf(lab.directory).includes('delete'));
    assert.throws(() => lab.runtime.get(scope, 'c1'), ofKind('not-found'));
  });
}

test('what a failing shim prints is in the error', async () => {
  await using lab = new RuntimeUnderTest();
  const shim = misbehavingShim(lab.directory, 'fails');
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), /no room in the inn: exit status 3/);
});

test('a shim that is killed as it starts is not asked again in the words of older ones', async () => {
  await using lab = new RuntimeUnderTest();
  const shim = misbehavingShim(lab.directory, 'is-killed');
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), /killed by signal 9/);
  assert.deepEqual(callsOf(lab.directory), ['start', 'delete']);
});

test('a start that hangs ends with its deadline, and its process with it', async () => {
  await using lab = new RuntimeUnderTest({ start: 50 });
  const shim = misbehavingShim(lab.directory, 'hangs');
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), ofKind('deadline-exceeded'));
  assert.deepEqual(lab.processes(), []);
  assert.deepEqual(lab.remains(), []);
});

test('a delete that hangs does not hold the bundle', async () => {
  await using lab = new RuntimeUnderTest({ cleanup: 50 });
  const shim = misbehavingShim(lab.directory, 'delete-hangs');
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), ofKind('unavailable'));
  assert.deepEqual(lab.processes(), []);
  assert.deepEqual(lab.remains(), []);
});

test('a cancelled create frees its name at once, and the next one waits for the remains', async () => {
  await using lab = new RuntimeUnderTest({ cleanup: 50, shutdown: 50 });
  const client = new AbortController();
  const shim = misbehavingShim(lab.directory, 'answers-nothing');
  const create = lab.runtime.create({ ...scope, signal: client.signal }, 'c1', fieldsFor(shim));
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor(shim)), ofKind('already-exists'));
  const reason = new KindError('canceled', 'the client left');
  queueMicrotask(() => client.abort(reason));
  await assert.rejects(create, reason);
  const next = lab.runtime.create(scope, 'c1', fieldsFor(misbehavingShim(lab.directory, 'fails')));
  await assert.rejects(next, /no room in the inn/);
  assert.deepEqual(lab.processes(), []);
  assert.deepEqual(lab.remains(), []);
});

test('a runtime that is not installed is said to be so, before anything is made', async () => {
  await using lab = new RuntimeUnderTest();
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor('io.containerd.nonesuch.v2')), ofKind('not-found'));
  await assert.rejects(lab.runtime.create(scope, 'c1', fieldsFor('nonesuch')), ofKind('invalid-argument'));
  await assert.rejects(lab.runtime.create(scope, '../c1', fieldsFor('/bin/true')), ofKind('invalid-argument'));
  assert.deepEqual(lab.remains(), []);
});

test('a shim that died with the daemon away is cleaned up with exit and delete events', async () => {
  await using lab = new RuntimeUnderTest();
  await lab.load();
  const bundle = new Bundle(lab.parts.roots, 'default', 'c1');
  await bundle.create({ spec: Buffer.from('{}'), shimBinary: misbehavingShim(lab.directory, 'fails') });
  await bundle.writeAddress({ version: 3, address: `unix://${lab.directory}/gone`, protocol: 'ttrpc' });
  await lab.restart();
  assert.deepEqual(lab.runtime.list('default'), []);
  await lab.runtime[Symbol.asyncDispose]();
  assert.deepEqual(lab.remains(), []);
  assert.deepEqual(
    lab.events.map(({ topic }) => topic),
    ['/tasks/exit', '/tasks/delete'],
  );
  const exit = TaskExit.decode(lab.events[0]?.event?.value ?? new Uint8Array());
  assert.deepEqual([exit.containerId, exit.id, exit.pid, exit.exitStatus], ['c1', 'c1', 42, 137]);
});

test('a shim that a killed daemon had started, and not yet named, is found and taken away', async () => {
  await using lab = new RuntimeUnderTest({ shutdown: 50 });
  await lab.load();
  const binary = misbehavingShim(lab.directory, 'answers-nothing');
  const bundle = new Bundle(lab.parts.roots, 'default', 'c1');
  await bundle.create({ spec: Buffer.from('{}'), shimBinary: binary });
  await new ShimCommand(binary, bundle, lab.environment).start(undefined, new AbortController().signal);
  assert.equal(lab.processes().length, 1);
  await lab.restart();
  await lab.runtime[Symbol.asyncDispose]();
  assert.deepEqual(lab.processes(), []);
  assert.deepEqual(lab.remains(), []);
  assert.deepEqual(lab.events, []);
});

test('hidden bundles, empty ones and work directories without a bundle are removed at start', async () => {
  await using lab = new RuntimeUnderTest();
  await lab.load();
  const { state, root } = lab.parts.roots;
  mkdirSync(join(state, 'default', '.c1.0123abcd', 'rootfs'), { recursive: true });
  mkdirSync(join(state, 'default', 'c2'));
  mkdirSync(join(root, 'default', 'c3', 'deep'), { recursive: true });
  await lab.restart();
  assert.deepEqual(lab.remains(), []);
});
