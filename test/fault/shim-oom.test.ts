import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TaskExit, TaskOOM } from '../../api/gen/containerd/events/events.ts';
import { busyboxRootfs } from '../lab/busybox-rootfs.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { chosenShims, inLanes, tellingFirst } from '../lab/shim-choice.ts';
import { DaemonContainer } from '../lab/shim-daemon-container.ts';

/** `make soak-shim` sets more. */
const count = Number(process.env['KILLS'] ?? 60);
const eat = 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done';
const spec = { args: ['/bin/sh', '-c', eat], resources: { memory: { limit: 24 << 20 } } };

/** What was told of each container, in order: `oom`, `exit`. */
class Told {
  readonly #words = new Map<string, string[]>();
  readonly #onEvent = new Set<() => void>();

  add(id: string, word: string): void {
    this.#words.set(id, [...(this.#words.get(id) ?? []), word]);
    for (const tell of this.#onEvent) tell();
  }

  /** All that was told of a container, once its exit was. */
  async of(id: string): Promise<string[]> {
    for (;;) {
      const words = this.#words.get(id) ?? [];
      if (words.includes('exit')) return words;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onEvent.add(resolve);
      await promise;
      this.#onEvent.delete(resolve);
    }
  }
}

/** Writes down what a daemon tells until it ends. */
async function listen(calls: DaemonCalls): Promise<Told> {
  const told = new Told();
  const subscribed = Promise.withResolvers<void>();
  const filters = ['topic=="/tasks/oom"', 'topic=="/tasks/exit"'];
  const events = calls.events.subscribe({ filters }, { onHeaders: subscribed.resolve });
  const heard = (async () => {
    for await (const { topic, event } of events) {
      const bytes = event?.value ?? new Uint8Array();
      if (topic === '/tasks/oom') told.add(TaskOOM.decode(bytes).containerId, 'oom');
      else told.add(TaskExit.decode(bytes).containerId, 'exit');
    }
  })();
  // The stream ends with its connection.
  heard.catch(() => undefined);
  await subscribed.promise;
  return told;
}

for (const shim of chosenShims()) {
  describe(`containers out of memory, in ${shim.name}`, () => {
    test(
      `${count} are killed, and each is told of as that, once, before its exit`,
      tellingFirst(async () => {
        await using daemon = await DaemonUnderTest.start({ kind: 'gantry', logLevel: 'info' });
        await using calls = new DaemonCalls(daemon);
        const host = { daemon, calls, rootfs: busyboxRootfs(daemon.directory), runtime: shim.binary };
        const told = await listen(calls);
        const wrong: string[] = [];
        await inLanes(count, 8, async () => {
          const container = await DaemonContainer.run(host, spec);
          assert.equal(await container.wait(), 137);
          const words = await told.of(container.id);
          if (words.join(' ') !== 'oom exit') wrong.push(`${container.id}: ${words.join(' ')}`);
          await container.remove();
        });
        assert.deepEqual(wrong, []);
        assert.deepEqual(await daemon.lasting(), []);
      }),
    );
  });
}
