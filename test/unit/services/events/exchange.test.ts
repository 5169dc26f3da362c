import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskCreate, TaskExit } from '../../../../api/gen/containerd/events/events.ts';
import type { Envelope } from '../../../../api/gen/containerd/types/types.ts';
import type { Any } from '../../../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { Exchange } from '../../../../services/events/exchange.ts';

const exit = (id: string): Any => ({
  typeUrl: 'containerd.events.TaskExit',
  value: TaskExit.encode(TaskExit.fromPartial({ containerId: id, id, pid: 7 })).finish(),
});
const blob = (size: number): Any => ({ typeUrl: 'x.Y', value: new Uint8Array(size) });

async function take(events: AsyncIterable<Envelope>, count: number): Promise<string[]> {
  const topics: string[] = [];
  const iterator = events[Symbol.asyncIterator]();
  for (let i = 0; i < count; i++) {
    const { value } = (await iterator.next()) as IteratorResult<Envelope, undefined>;
    topics.push(value?.topic ?? 'end');
  }
  return topics;
}

test('an event reaches those who subscribed before it and whose filters it passes', async () => {
  const exchange = new Exchange();
  const stop = new AbortController();
  exchange.publish('default', '/images/early', blob(1));
  const all = exchange.subscribe([], stop.signal);
  const tasks = exchange.subscribe(['topic~="^/tasks/"', 'namespace==other'], stop.signal);
  const mine = exchange.subscribe(['topic=="/tasks/exit",event.container_id==c2'], stop.signal);
  const terminals = exchange.subscribe(['event.io.terminal==true'], stop.signal);
  exchange.publish('default', '/images/create', blob(1));
  exchange.publish('default', '/tasks/exit', exit('c1'));
  exchange.publish('default', '/tasks/exit', exit('c2'));
  exchange.publish('default', '/tasks/create', {
    typeUrl: 'containerd.events.TaskCreate',
    value: TaskCreate.encode(TaskCreate.fromPartial({ containerId: 'c3', io: { terminal: true } })).finish(),
  });
  assert.deepEqual(await take(all, 4), ['/images/create', '/tasks/exit', '/tasks/exit', '/tasks/create']);
  assert.deepEqual(await take(tasks, 3), ['/tasks/exit', '/tasks/exit', '/tasks/create']);
  assert.deepEqual(await take(mine, 1), ['/tasks/exit']);
  assert.deepEqual(await take(terminals, 1), ['/tasks/create']);
  const rest = take(mine, 1);
  stop.abort();
  assert.deepEqual(await rest, ['end']);
});

test('a slow subscriber loses other events first, keeps task events, and ends with unavailable', async () => {
  const exchange = new Exchange({ others: 10_000, tasks: 100_000 });
  const events = exchange.subscribe([], new AbortController().signal);
  exchange.publish('default', '/tasks/exit', exit('c1'));
  for (let i = 0; i < 20; i++) exchange.publish('default', '/images/create', blob(1000));
  exchange.publish('default', '/tasks/exit', exit('c2'));
  assert.deepEqual(await take(events, 2), ['/tasks/exit', '/tasks/exit']);
  await assert.rejects(take(events, 1), (error) => error instanceof KindError && error.kind === 'unavailable');
});

test('what waits for a subscriber that never reads is bounded', async () => {
  const exchange = new Exchange({ others: 10_000, tasks: 20_000 });
  const events = exchange.subscribe([], new AbortController().signal);
  for (let i = 0; i < 1000; i++) exchange.publish('default', '/tasks/exit', exit('c1'));
  let seen = 0;
  await assert.rejects(async () => {
    for await (const _ of events) seen++;
  }, /unavailable$/);
  assert.ok(seen > 10 && seen < 100, String(seen));
});

test('bad topics, namespaces, timestamps and filters are refused', () => {
  const exchange = new Exchange();
  const invalid = (error: unknown): boolean => error instanceof KindError && error.kind === 'invalid-argument';
  for (const topic of ['', 'tasks', '/', '/tasks/', '//x', '/a b', '/ta.sks/-', `/${'a/'.repeat(600)}b`]) {
    assert.throws(() => exchange.publish('default', topic, blob(1)), invalid, topic);
  }
  assert.throws(() => exchange.publish('', '/a', blob(1)), invalid);
  assert.throws(
    () => exchange.forward({ timestamp: undefined, namespace: 'default', topic: '/a', event: blob(1) }),
    invalid,
  );
  assert.throws(() => exchange.subscribe(['topic=='], new AbortController().signal), invalid);
});
