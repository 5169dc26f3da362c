import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageQueue } from '../../../../api/rpc/message-queue.ts';

test('what is pushed is read in order, then the end', async () => {
  const queue = new MessageQueue<number>();
  const early = queue.next();
  queue.push(1);
  queue.push(2);
  queue.end();
  queue.push(3);
  assert.deepEqual(await early, { done: false, value: 1 });
  assert.deepEqual(await queue.next(), { done: false, value: 2 });
  assert.deepEqual(await queue.next(), { done: true, value: undefined });
  assert.deepEqual(await queue.next(), { done: true, value: undefined });
});

test('fail comes after what was pushed, abort at once; both once', async () => {
  const failing = new MessageQueue<number>();
  failing.push(1);
  failing.fail(new Error('x'));
  assert.equal((await failing.next()).value, 1);
  await assert.rejects(failing.next(), /x/);
  assert.equal((await failing.next()).done, true);
  const aborted = new MessageQueue<number>();
  aborted.push(1);
  aborted.end();
  aborted.abort(new Error('y'));
  await assert.rejects(aborted.next(), /y/);
  assert.equal((await aborted.next()).done, true);
});

test('a waiting reader hears of the end', async () => {
  const queue = new MessageQueue<number>();
  const waiting = [queue.next(), queue.next()];
  queue.fail(new Error('x'));
  await assert.rejects(waiting[0] ?? Promise.resolve(), /x/);
  assert.equal((await waiting[1])?.done, true);
});

test('a full queue says so once, and again when there is room', async () => {
  const told: string[] = [];
  const queue = new MessageQueue<number>({
    limit: 10,
    onFull: () => told.push('full'),
    onRoom: () => told.push('room'),
    onReturn: () => told.push('return'),
  });
  queue.push(1, 6);
  queue.push(2, 6);
  queue.push(3, 4);
  assert.deepEqual(told, ['full']);
  await queue.next();
  assert.deepEqual(told, ['full']);
  await queue.next();
  assert.deepEqual(told, ['full', 'room']);
  await queue.return();
  assert.deepEqual(told, ['full', 'room', 'return']);
});

test('a full queue that is aborted or left lets go of its source', async () => {
  for (const leave of [
    async (queue: MessageQueue<number>) => {
      queue.abort(new Error('x'));
      await Promise.resolve();
    },
    (queue: MessageQueue<number>) => queue.return(),
  ]) {
    let full = 0;
    const queue = new MessageQueue<number>({ limit: 1, onFull: () => full++, onRoom: () => full-- });
    queue.push(1, 2);
    assert.equal(full, 1);
    await leave(queue);
    assert.equal(full, 0);
  }
});
