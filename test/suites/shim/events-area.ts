import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { fromTimestamp } from '../../../api/time/from-timestamp.ts';
import { FifoReader } from '../../lab/fifo-ends.ts';
import { boundRootfs, ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

/** What a shim tells its daemon. */
export function eventsArea(shim: ShimUnderTest): void {
  describe('events', () => {
    shimTest('come in the order of what happened, with all that they say', async () => {
      await using lab = await ShimLab.open(shim);
      const { events } = lab;
      const before = BigInt(Date.now()) * 1_000_000n;
      const stdout = lab.fifo('out');
      using _out = new FifoReader(stdout);
      const container = await ShimContainer.run(lab, {}, { stdout });
      const { id, pid, bundle, task } = container;
      const execId = await container.startExec({ args: ['/bin/sh', '-c', 'exit 3'] });
      assert.equal(await container.wait(execId), 3);
      const ended = await task.delete({ id, execId });
      await events.first('exit', (event) => event.id === execId);
      await task.pause({ id });
      await task.resume({ id });
      await container.kill();
      assert.equal(await container.wait(), 137);
      await events.first('exit', (event) => event.id === id);
      const deleted = await task.delete({ id, execId: '' });
      await events.first('delete', (event) => event.id === '' || event.id === id);
      await container.end();

      assert.deepEqual(
        events.life(id).filter((word) => !word.startsWith('delete ')),
        [
          'create',
          'start',
          `exec-added ${execId}`,
          `exec-started ${execId}`,
          `exit ${execId}`,
          'paused',
          'resumed',
          'exit',
          'delete',
        ],
      );
      const [created] = events.all('create');
      assert.deepEqual(
        [created?.containerId, created?.bundle, created?.pid, created?.checkpoint],
        [id, bundle.path, pid, ''],
      );
      assert.deepEqual(
        (created ?? assert.fail()).rootfs.map(({ type, source, options }) => ({ type, source, options })),
        [boundRootfs(lab)],
      );
      assert.deepEqual(created?.io, { stdin: '', stdout, stderr: stdout, terminal: false });
      assert.deepEqual(events.all('start'), [{ containerId: id, pid }]);
      assert.deepEqual(
        events.all('exec-started').map((event) => event.pid),
        [ended.pid],
      );
      const exits = events
        .all('exit')
        .map((event) => [event.containerId, event.id, event.pid, event.exitStatus, event.exitedAt]);
      assert.deepEqual(exits, [
        [id, execId, ended.pid, 3, ended.exitedAt],
        [id, id, pid, 137, deleted.exitedAt],
      ]);
      const last = events.all('delete').find((event) => event.id === '' || event.id === id);
      assert.deepEqual([last?.pid, last?.exitStatus, last?.exitedAt], [pid, 137, deleted.exitedAt]);
      for (const { namespace, timestamp, topic, event } of events.received) {
        assert.equal(namespace, lab.namespace);
        const at = fromTimestamp(timestamp);
        assert.ok(at >= before && at <= BigInt(Date.now() + 1) * 1_000_000n, topic);
        assert.match(event?.typeUrl ?? '', /^containerd\.events\.Task/);
      }
    });

    shimTest('of what happens while the daemon is away are told when it is back', async () => {
      await using lab = await ShimLab.open(shim);
      const { events } = lab;
      const container = await ShimContainer.run(lab);
      const { id } = container;
      await events.first('start', () => true);
      await events.goAway();
      const execId = await container.startExec({ args: ['/bin/sh', '-c', 'exit 4'] });
      assert.equal(await container.wait(execId), 4);
      await container.delete(execId);
      await container.kill();
      assert.equal(await container.wait(), 137);
      await events.comeBack();
      const expected = ['create', 'start', `exec-added ${execId}`, `exec-started ${execId}`, `exit ${execId}`, 'exit'];
      // The daemon may have gone before the shim took its answer to `start`, which is told again then: delivery is at least once.
      const told = (): string[] =>
        events
          .life(id)
          .filter((word, at, all) => !word.startsWith('delete') && !(word === 'start' && all.indexOf(word) < at));
      await events.until(() => (told().length >= expected.length ? true : undefined));
      const order = (words: string[]): string[] => (shim.supports.keepsOrderOfEvents ? words : words.toSorted());
      assert.deepEqual(order(told()), order(expected));
      await container.end();
    });

    shimTest('that nobody takes hold nothing up', async () => {
      await using lab = await ShimLab.open(shim);
      await lab.events.goAway();
      const container = await ShimContainer.run(lab);
      assert.equal(await container.exec(['/bin/true']), 0);
      await container.end();
    });
  });
}
