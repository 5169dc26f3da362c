import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopMeter } from '../../../../pkg/sys/loop-meter.ts';

/** Holds the thread by working until so much of its processor time is used. */
function work(microseconds: number): void {
  const start = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(start);
    if (user + system >= microseconds) return;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a long turn is seen by both clocks, and waiting by none', async () => {
  const meter = LoopMeter.start();
  await turn();
  await turn();
  const before = meter.read();
  // What the kernel tells of a thread may be as old as a tick.
  work(35_000);
  await turn();
  await turn();
  const worked = meter.read();
  assert.ok(worked.turns > before.turns);
  assert.ok(worked.wall.longest >= 30_000_000n, String(worked.wall.longest));
  assert.ok(worked.processor.longest >= 29_000_000n, String(worked.processor.longest));
  const slow = (buckets: readonly bigint[]): bigint => buckets.slice(7).reduce((sum, count) => sum + count, 0n);
  assert.ok(slow(worked.processor.buckets) > slow(before.processor.buckets));
  meter.forgetLongest();
  await new Promise((resolve) => setTimeout(resolve, 60));
  await turn();
  const waited = meter.read();
  // Only the wait was long; whatever the machine is busy with, this thread did not work for that long.
  assert.ok(waited.processor.longest < 30_000_000n, String(waited.processor.longest));
  const counted = (buckets: readonly bigint[]): bigint => buckets.reduce((sum, count) => sum + count, 0n);
  assert.equal(counted(waited.wall.buckets), waited.turns);
  assert.equal(counted(waited.processor.buckets), waited.turns);
});

test('holding the thread without working is seen by the wall clock', async () => {
  const meter = LoopMeter.start();
  await turn();
  meter.forgetLongest();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40);
  await turn();
  await turn();
  const { wall, processor } = meter.read();
  assert.ok(wall.longest >= 39_000_000n, String(wall.longest));
  assert.ok(processor.longest < wall.longest);
});
