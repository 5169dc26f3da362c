import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { GcScheduler } from '../../../../plugins/gc/gc-scheduler.ts';
import { schedulerConfig } from '../../../../plugins/gc/scheduler-config.ts';
import type { CollectionResult } from '../../../../services/gc/collector.ts';
import { quietLogger } from '../../../suites/quiet-logger.ts';

/** A scheduler over a clock of its own and over collections that end when the test says so. */
class Scheduled implements AsyncDisposable {
  readonly scheduler: GcScheduler;
  readonly runs: PromiseWithResolvers<CollectionResult>[] = [];
  readonly cleaned = Promise.withResolvers<void>();
  readonly errors: string[] = [];
  readonly #collector: ConstructorParameters<typeof GcScheduler>[0]['collector'];
  #now = 0;

  constructor(config: Readonly<Record<string, unknown>> = {}) {
    mock.timers.enable({ apis: ['setTimeout'] });
    const none = { [Symbol.dispose]: () => undefined };
    this.#collector = {
      onChange: undefined,
      registerBackend: () => none,
      registerResources: () => none,
      collect: () => {
        const run = Promise.withResolvers<CollectionResult>();
        this.runs.push(run);
        return run.promise;
      },
    };
    this.scheduler = new GcScheduler({
      collector: this.#collector,
      config: schedulerConfig.parse({ ...schedulerConfig.defaults, ...config }),
      log: { ...quietLogger, error: (message) => void this.errors.push(message) },
      now: () => this.#now,
    });
  }

  change(deletion: boolean): void {
    this.#collector.onChange?.(deletion);
  }

  /** Ends the run that is under way. */
  async end(held = 0, cleaned = Promise.resolve()): Promise<void> {
    this.runs.at(-1)?.resolve({ removed: 0, held, cleaned });
    await setImmediate();
  }

  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left--) {
      this.#now++;
      mock.timers.tick(1);
    }
    await setImmediate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.scheduler[Symbol.asyncDispose]();
    await this.end();
    await disposed;
    mock.timers.reset();
  }
}

await it('collects soon after the start, and then only with a reason', async () => {
  await using scheduled = new Scheduled();
  await scheduled.pass(99);
  assert.equal(scheduled.runs.length, 0);
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 1);
  await scheduled.end();
  await scheduled.pass(10_000);
  assert.equal(scheduled.runs.length, 1);
});

await it('has a deletion collected at the next turn, which pauses put off', async () => {
  await using scheduled = new Scheduled();
  await scheduled.pass(100);
  // The least that counts is 5 ms: 5 / 0.02 - 5.
  await scheduled.end();
  scheduled.change(true);
  await scheduled.pass(244);
  assert.equal(scheduled.runs.length, 1);
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 2);
  // An average of 10 ms.
  await scheduled.end(20);
  scheduled.change(true);
  await scheduled.pass(489);
  assert.equal(scheduled.runs.length, 2);
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 3);
});

await it('counts changes that are no deletions', async () => {
  await using scheduled = new Scheduled({ mutation_threshold: 3 });
  await scheduled.pass(100);
  await scheduled.end();
  for (const _ of [1, 2]) scheduled.change(false);
  await scheduled.pass(1000);
  assert.equal(scheduled.runs.length, 1);
  scheduled.change(false);
  await scheduled.pass(245);
  assert.equal(scheduled.runs.length, 2);
});

await it('collects at once after so many deletions', async () => {
  await using scheduled = new Scheduled({ deletion_threshold: 2, schedule_delay: '10ms', startup_delay: '0s' });
  scheduled.change(true);
  await scheduled.pass(1000);
  assert.equal(scheduled.runs.length, 0);
  scheduled.change(true);
  await scheduled.pass(9);
  assert.equal(scheduled.runs.length, 0);
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 1);
});

await it('has the first collection without a start delay once something was deleted', async () => {
  await using scheduled = new Scheduled({ startup_delay: '0s' });
  await scheduled.pass(1000);
  assert.equal(scheduled.runs.length, 0);
  scheduled.change(true);
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 1);
});

await it('has who asks wait for a collection that begins afterwards, and for its files', async () => {
  await using scheduled = new Scheduled();
  await scheduled.pass(100);
  let done = false;
  const asked = scheduled.scheduler.collect().then(() => (done = true));
  await scheduled.end();
  await scheduled.pass(1);
  assert.equal(scheduled.runs.length, 2);
  await scheduled.end(0, scheduled.cleaned.promise);
  assert.equal(done, false);
  scheduled.cleaned.resolve();
  await asked;
});

await it('tells who asks of a failure, and tries again', async () => {
  await using scheduled = new Scheduled();
  const failed = assert.rejects(scheduled.scheduler.collect(), { kind: 'internal', message: /gc failed/ });
  await scheduled.pass(1);
  scheduled.runs.at(-1)?.reject(new Error('disk'));
  await failed;
  assert.deepEqual(scheduled.errors, ['garbage collection failed']);
  await scheduled.pass(2000);
  assert.equal(scheduled.runs.length, 2);
});

await it('lets go who has gone, and everybody when the daemon stops', async () => {
  await using scheduled = new Scheduled();
  const leaving = new AbortController();
  const gone = scheduled.scheduler.collect(leaving.signal);
  leaving.abort(new Error('left'));
  await assert.rejects(gone, /left/);
  const waiting = assert.rejects(scheduled.scheduler.collect(), { kind: 'unavailable' });
  const disposed = scheduled.scheduler[Symbol.asyncDispose]();
  await disposed;
  await waiting;
  await assert.rejects(scheduled.scheduler.collect(), { kind: 'unavailable' });
});

await it('takes settings out of range as the nearest in range, and refuses others', () => {
  const parse = (table: Readonly<Record<string, unknown>>) =>
    schedulerConfig.parse({ ...schedulerConfig.defaults, ...table });
  assert.deepEqual(
    parse({ pause_threshold: 0.9, deletion_threshold: -1, mutation_threshold: -1, startup_delay: '-1s' }),
    {
      ...{ pauseThreshold: 0.5, deletionThreshold: 0, mutationThreshold: 0, scheduleDelay: 0, startupDelay: 0 },
    },
  );
  assert.equal(parse({ pause_threshold: -1 }).pauseThreshold, 0);
  assert.throws(() => parse({ schedule_delay: 'soon' }), /schedule_delay/);
  assert.throws(() => parse({ mutation_threshold: 1.5 }), /mutation_threshold/);
});
