import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, beforeEach, test } from 'node:test';
import { digestOf } from '../../../../../pkg/digest/digest-of.ts';
import type { ContentWriter, GrowingFile } from '../../../../../services/content/content-store.ts';
import { LocalContentStore } from '../../../../../services/content/local/local-content-store.ts';
import { TemporaryDirectory } from '../../../../lab/temporary-directory.ts';

const scope = { namespace: 'test' };
const piece = Buffer.alloc(600_000, 'piece');
const directory = new TemporaryDirectory('follow-');
after(() => directory[Symbol.dispose]());
let store: LocalContentStore;
let count = 0;

beforeEach(async () => {
  store = await LocalContentStore.open(`${directory.path}/${String(count++)}`);
});

async function follow(writer: ContentWriter): Promise<GrowingFile> {
  const file = await writer.follow?.();
  assert.ok(file);
  return file;
}

function available({ available: told }: GrowingFile): number {
  return Number(Atomics.load(told, 0));
}

test('an ingest is followed to its end, and past it, when it is a blob', async () => {
  const writer = await store.writer(scope, { ref: 'followed' });
  await writer.write(piece);
  await using file = await follow(writer);
  assert.ok(await file.reached(piece.length));
  assert.deepEqual(readFileSync(file.path), piece);
  const both = file.reached(2 * piece.length);
  await writer.write(piece);
  assert.ok(await both);
  assert.equal(available(file), 2 * piece.length);
  const small = Buffer.from('a small end');
  await writer.write(small);
  const never = file.reached(2 * piece.length + small.length + 1);
  await writer.commit(0, '');
  assert.ok(await file.reached(2 * piece.length + small.length));
  assert.equal(await never, false);
  assert.deepEqual(readFileSync(file.path), Buffer.concat([piece, piece, small]));
});

test('one that is resumed begins with what is there', async () => {
  {
    await using writer = await store.writer(scope, { ref: 'resumed' });
    await writer.write(piece);
  }
  await using writer = await store.writer(scope, { ref: 'resumed' });
  await using file = await follow(writer);
  assert.equal(available(file), piece.length);
});

test('who follows is told that it begins anew, and can follow again', async () => {
  await using writer = await store.writer(scope, { ref: 'anew' });
  await writer.write(piece);
  await using file = await follow(writer);
  const waiting = file.reached(piece.length + 1);
  await writer.truncate();
  assert.equal(await waiting, false);
  assert.equal(available(file), -1);
  await using again = await follow(writer);
  await writer.write(piece);
  assert.ok(await again.reached(piece.length));
  assert.equal(available(file), -1);
});

test('a writer that closes, or is aborted, lets nobody wait', async () => {
  for (const end of ['close', 'abort']) {
    const writer = await store.writer(scope, { ref: end });
    await writer.write(piece);
    await using file = await follow(writer);
    const waiting = file.reached(piece.length + 1);
    if (end === 'abort') await store.abort(scope, end);
    else await writer[Symbol.asyncDispose]();
    assert.equal(await waiting, false);
    assert.equal(await writer.follow?.(), undefined);
  }
});

test('who stops following is told nothing, and the writer goes on', async () => {
  const writer = await store.writer(scope, { ref: 'left' });
  const file = await follow(writer);
  const waiting = file.reached(1);
  await file[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
  assert.equal(await waiting, false);
  await writer.write(piece);
  await writer.commit(piece.length, digestOf(piece));
  assert.equal((await store.info(scope, digestOf(piece))).size, piece.length);
});
