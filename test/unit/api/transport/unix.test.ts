import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { dialUnix } from '../../../../api/transport/dial-unix.ts';
import { isOwnUser } from '../../../../api/transport/is-own-user.ts';
import { listenUnix } from '../../../../api/transport/listen-unix.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-unix-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

function isKind(kind: string, message = /./): (error: unknown) => boolean {
  return (error) => error instanceof KindError && error.kind === kind && message.test(error.message);
}

test('a socket has the mode asked for, whatever the umask, and goes when it is closed', async (t) => {
  const directory = await temporary(t);
  const path = join(directory, 's');
  const mask = process.umask(0);
  try {
    const first = await listenUnix({ path }, (socket) => socket.end('hello'));
    assert.equal((await stat(path)).mode & 0o7777, 0o660);
    assert.deepEqual(await readdir(directory), ['s']);
    const socket = await dialUnix(path);
    const [data] = (await once(socket, 'data')) as [Buffer];
    assert.equal(data.toString(), 'hello');
    socket.destroy();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(directory), []);
    process.umask(0o777);
    const second = await listenUnix({ path, mode: 0o600, uid: 12, gid: 34 }, (accepted) => accepted.destroy());
    const { mode, uid, gid } = await stat(path);
    assert.deepEqual([mode & 0o7777, uid, gid], [0o600, 12, 34]);
    await second[Symbol.asyncDispose]();
  } finally {
    process.umask(mask);
  }
});

test('a socket in use is not taken over', async (t) => {
  const path = join(await temporary(t), 's');
  const listener = await listenUnix({ path }, (socket) => socket.end());
  await assert.rejects(
    listenUnix({ path }, () => undefined),
    isKind('already-exists', /somebody listens/),
  );
  (await dialUnix(path)).destroy();
  await listener[Symbol.asyncDispose]();
});

test('a socket that was left behind is replaced', async (t) => {
  const directory = await temporary(t);
  const path = join(directory, 's');
  // A bound socket that nobody listens on any more: the file is moved, so that closing cannot unlink it.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'old'), resolve));
  const { rename } = await import('node:fs/promises');
  await rename(join(directory, 'old'), path);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(dialUnix(path), isKind('unavailable', /ECONNREFUSED/));
  const listener = await listenUnix({ path }, (socket) => socket.end());
  (await dialUnix(path)).destroy();
  await listener[Symbol.asyncDispose]();
});

test('a file that is no socket is left alone', async (t) => {
  const path = join(await temporary(t), 's');
  await writeFile(path, 'precious');
  await assert.rejects(
    listenUnix({ path }, () => undefined),
    isKind('already-exists', /not a socket/),
  );
  assert.equal((await stat(path)).size, 8);
});

test('a name may be as long as the kernel allows, and no longer', async (t) => {
  const directory = await temporary(t);
  const deep = join(directory, 'd'.repeat(105 - directory.length - 1));
  await mkdir(deep);
  const path = join(deep, 's');
  assert.equal(path.length, 107);
  const listener = await listenUnix({ path }, (socket) => socket.end());
  (await dialUnix(path)).destroy();
  await listener[Symbol.asyncDispose]();
  await assert.rejects(
    listenUnix({ path: `${path}x` }, () => undefined),
    isKind('invalid-argument', /107 bytes/),
  );
});

test('addresses', async (t) => {
  const path = join(await temporary(t), 's');
  const listener = await listenUnix({ path }, (socket) => socket.end());
  (await dialUnix(`unix://${path}`)).destroy();
  await listener[Symbol.asyncDispose]();
  await assert.rejects(dialUnix(path), isKind('unavailable', /ENOENT/));
  await assert.rejects(dialUnix('vsock://1:2'), isKind('unimplemented', /vsock/));
  await assert.rejects(dialUnix(''), isKind('invalid-argument'));
  await assert.rejects(dialUnix(path, AbortSignal.abort()), isKind('canceled'));
});

test('names in the abstract space', async () => {
  const name = `gantry-test-${process.pid}`;
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(`\0${name}`, resolve));
  (await dialUnix(`@${name}`)).destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('our own user is known by the kernel, not by the file', async (t) => {
  const path = join(await temporary(t), 's');
  const answers: boolean[] = [];
  const listener = await listenUnix({ path }, (socket) => {
    answers.push(isOwnUser(socket));
    socket.destroy();
    answers.push(isOwnUser(socket));
  });
  const socket = await dialUnix(path);
  socket.resume();
  await once(socket, 'close');
  await listener[Symbol.asyncDispose]();
  assert.deepEqual(answers, [true, false]);
});
