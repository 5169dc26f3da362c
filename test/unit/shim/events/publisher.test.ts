import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TaskStart } from '../../../../api/gen/containerd/events/events.ts';
import type { Envelope } from '../../../../api/gen/containerd/types/types.ts';
import { listenUnix } from '../../../../api/transport/listen-unix.ts';
import { buildShim } from '../../../../scripts/build-shim.ts';
import { Child } from '../../../lab/child.ts';
import { DaemonCalls } from '../../../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../../../lab/daemon-under-test.ts';
import { ShimEvents } from '../../../lab/shim-events.ts';
import { stopProcess } from '../../../lab/stop-process.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

const temporary = new TemporaryDirectory();
const program = join(temporary.path, 'publisher-program');
before(() => buildShim({ entry: join(import.meta.dirname, 'publisher-program.ts'), output: program }));
after(() => temporary[Symbol.dispose]());

/** A publisher in a process of its own that is told what to do. */
class Publisher implements AsyncDisposable {
  readonly child: Child;

  static async start(address: string, namespace: string): Promise<Publisher> {
    return new Publisher(await Child.start(program, [address, namespace], { interactive: true }));
  }

  private constructor(child: Child) {
    this.child = child;
  }

  tell(...lines: string[]): void {
    this.child.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Waits until nothing waits to be sent. */
  async idle(): Promise<void> {
    const count = this.child.stdout.split('idle\n').length;
    this.tell('idle');
    await this.child.output(new RegExp(`(idle\\n[^]*){${count}}`));
  }

  async descriptors(): Promise<string | undefined> {
    const count = this.child.stdout.split('descriptors').length;
    this.tell('descriptors');
    await this.child.output(new RegExp(`(descriptors: \\d+\\n[^]*){${count}}`));
    return this.child.stdout.match(/descriptors: \d+/g)?.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGCONT');
    this.child.closeInput();
    const { code, stderr } = await this.child.exited;
    assert.equal(code, 0, stderr);
  }
}

/** What a daemon tells of tasks from now on. */
class Subscriber implements AsyncDisposable {
  readonly #calls: DaemonCalls;
  readonly #events: AsyncIterator<Envelope, undefined>;

  static async start(daemon: DaemonUnderTest): Promise<Subscriber> {
    const calls = new DaemonCalls(daemon);
    const filters = ['topic~="^/tasks/"', 'topic=="/ready"'];
    const events = calls.events.subscribe({ filters }, calls.options);
    // A subscriber is told nothing before its first event, so one is published until it comes.
    const first = events.next();
    const event = { typeUrl: 'google.protobuf.Empty', value: new Uint8Array() };
    do await calls.events.publish({ topic: '/ready', event }, calls.options);
    while (!(await Promise.race([first.then(() => true), setImmediate(false)])));
    return new Subscriber(calls, events);
  }

  private constructor(calls: DaemonCalls, events: AsyncIterator<Envelope, undefined>) {
    this.#calls = calls;
    this.#events = events;
  }

  async next(): Promise<Envelope> {
    for (;;) {
      const { value } = await this.#events.next();
      assert.ok(value);
      if (value.topic !== '/ready') return value;
    }
  }

  /** The ids of the next events, as many as there are in `count`. */
  async ids(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) ids.push(idOf(await this.next()));
    return ids;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.return?.();
    await this.#calls[Symbol.asyncDispose]();
  }
}

function idOf(envelope: Envelope): string {
  return TaskStart.decode(envelope.event?.value ?? new Uint8Array()).containerId;
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`);
}

const publish = (id: string): string => `publish /tasks/start ${id}`;

for (const kind of ['gantry', '2.1.9'] as const) {
  describe(`events of a shim under ${kind === 'gantry' ? 'Gantry' : `containerd ${kind}`}`, () => {
    test('come whole, and in their order', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using publisher = await Publisher.start(daemon.ttrpcAddress, daemon.namespace);
      await using subscriber = await Subscriber.start(daemon);
      const [begin, ids] = [BigInt(Date.now()), numbered('c', 300)];
      publisher.tell('publish /tasks/exec-added first', ...ids.map(publish));
      const { namespace, topic, event, timestamp } = await subscriber.next();
      assert.deepEqual([namespace, topic], [daemon.namespace, '/tasks/exec-added']);
      assert.equal(event?.typeUrl, 'containerd.events.TaskStart');
      const told = (timestamp?.seconds ?? 0n) * 1000n + BigInt(Math.floor((timestamp?.nanos ?? 0) / 1e6));
      assert.ok(told >= begin && told <= BigInt(Date.now()));
      assert.deepEqual(await subscriber.ids(ids.length), ids);
      await publisher.idle();
    });

    test('wait for a daemon that was killed, and come in their order once it is there again', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using publisher = await Publisher.start(`unix://${daemon.ttrpcAddress}`, daemon.namespace);
      publisher.tell(publish('before'));
      await publisher.idle();
      const connected = await publisher.descriptors();
      for (const round of ['a', 'b', 'c']) {
        await daemon.kill();
        const ids = numbered(round, 100);
        publisher.tell(...ids.map(publish));
        await publisher.descriptors();
        // Held until somebody listens to the new daemon.
        await stopProcess(publisher.child.pid);
        await daemon.start();
        await using subscriber = await Subscriber.start(daemon);
        publisher.child.kill('SIGCONT');
        assert.deepEqual(await subscriber.ids(ids.length), ids);
        await publisher.idle();
        assert.equal(await publisher.descriptors(), connected);
      }
      publisher.tell('end');
      assert.notEqual(await publisher.descriptors(), connected);
    });

    test('that happen while a daemon is stopped come when it goes on, the first perhaps twice', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using publisher = await Publisher.start(daemon.ttrpcAddress, daemon.namespace);
      await using subscriber = await Subscriber.start(daemon);
      publisher.tell(publish('before'));
      assert.deepEqual(await subscriber.ids(1), ['before']);
      const ids = numbered('c', 20);
      await stopProcess(daemon.pid);
      try {
        publisher.tell(...ids.map(publish));
        await publisher.descriptors();
      } finally {
        process.kill(daemon.pid, 'SIGCONT');
      }
      assert.deepEqual(await subscriber.ids(ids.length), ids);
    });

    test('that it refuses are lost alone', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using publisher = await Publisher.start(daemon.ttrpcAddress, daemon.namespace);
      await using subscriber = await Subscriber.start(daemon);
      publisher.tell(publish('a'), 'publish no-topic b', publish('c'));
      assert.deepEqual(await subscriber.ids(2), ['a', 'c']);
      await publisher.child.message(/did not take an event no-topic: .*invalid argument/);
    });

    test('that are too many to wait are given up, exits last', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await daemon.kill();
      await using publisher = await Publisher.start(daemon.ttrpcAddress, daemon.namespace);
      publisher.tell('flood 5000');
      await publisher.child.message(/events are being given up/);
      await publisher.descriptors();
      await stopProcess(publisher.child.pid);
      await daemon.start();
      await using subscriber = await Subscriber.start(daemon);
      publisher.child.kill('SIGCONT');
      publisher.tell(publish('last'));
      const told: Envelope[] = [];
      do told.push(await subscriber.next());
      while (idOf(told.at(-1) ?? assert.fail()) !== 'last');
      const places = told.slice(0, -1).map((envelope) => Number(idOf(envelope).slice(1)));
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      );
      assert.equal(told.filter(({ topic }) => topic === '/tasks/exit').length, 500);
      assert.ok(told.length <= 2048 && told.length > 1500, `${told.length} events came`);
      await publisher.child.message(/\d{4} events were given up while the daemon was away/);
    });
  });
}

test('a daemon that takes an event and never answers is left, and asked again', async () => {
  const socket = join(temporary.path, 'silent.sock');
  await using publisher = await Publisher.start(socket, 'default');
  {
    const left = Promise.withResolvers<void>();
    const silent = await listenUnix({ path: socket }, (connection) => connection.resume().once('close', left.resolve));
    publisher.tell(publish('a'), publish('b'));
    await left.promise;
    await silent[Symbol.asyncDispose]();
  }
  await using events = await ShimEvents.listen(socket);
  await events.first('start', ({ containerId }) => containerId === 'b');
  assert.deepEqual(events.received.map(idOf), ['a', 'b']);
});

test('where there is no daemon nothing waits', async () => {
  await using publisher = await Publisher.start('', 'default');
  publisher.tell(publish('a'));
  await publisher.idle();
});
