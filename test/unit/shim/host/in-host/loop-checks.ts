import { host } from '../../../../../shim/host/host.ts';
import { watchFor } from '../../../../../shim/host/watch-for.ts';
import { type Check, equal, fails } from './checks.ts';

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));

/** The next answer of a watch that is ended then. */
function readiness(fd: number, interest: number): Promise<number> {
  return new Promise((resolve) => {
    const watch = host.watch(fd, interest, (ready) => {
      host.endWatch(watch);
      resolve(ready);
    });
  });
}

export const loopChecks: readonly Check[] = [
  {
    name: 'timers come in the order of their times, then of their setting, and not too early',
    run: async () => {
      const order: string[] = [];
      const begun = host.monotonic();
      for (const [name, time] of [
        ['c', 200],
        ['a', 0],
        ['d', 200],
        ['b', 5.5],
      ] as const) {
        host.setTimer(time, () => order.push(name));
      }
      await after(201);
      equal(order, ['a', 'b', 'c', 'd']);
      equal(host.monotonic() - begun >= 200_000_000n, true);
    },
  },
  {
    name: 'a timer that was cleared does not come, whoever clears it and when',
    run: async () => {
      let came = 0;
      const timers = Array.from({ length: 1000 }, (_, index) => host.setTimer(index % 7, () => came++));
      for (const [index, timer] of timers.entries()) if (index % 2 === 0) host.clearTimer(timer);
      // Set first, so that it is due first, however long it is to the next line.
      host.setTimer(7, () => host.clearTimer(other));
      const other = host.setTimer(8, () => came++);
      await after(10);
      equal(came, 500);
      for (const timer of timers) host.clearTimer(timer);
      clearTimeout(undefined);
    },
  },
  {
    name: 'a handle is never used again',
    run: () => {
      const seen = new Set<number>();
      for (let i = 0; i < 5000; i++) {
        const timer = host.setTimer(1e6, () => undefined);
        seen.add(timer);
        host.clearTimer(timer);
      }
      equal(seen.size, 5000);
    },
  },
  {
    name: 'jobs run before the next callback',
    run: async () => {
      const order: string[] = [];
      host.setTimer(1, () => {
        queueMicrotask(() => {
          order.push('job');
          queueMicrotask(() => order.push('job of a job'));
        });
        order.push('callback');
      });
      host.setTimer(1, () => order.push('next'));
      await after(3);
      equal(order, ['callback', 'job', 'job of a job', 'next']);
    },
  },
  {
    name: 'a watch tells what a descriptor is ready for, again and again, until it is changed or ended',
    run: async () => {
      const [reading, writing] = host.pipe();
      equal(await readiness(writing, watchFor.writing), watchFor.writing);
      host.write(writing, host.encodeUtf8('x'));
      let told = 0;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const watch = host.watch(reading, watchFor.reading, (ready) => {
        equal(ready, watchFor.reading);
        if (++told === 3) {
          host.changeWatch(watch, 0);
          resolve(undefined);
        }
      });
      await promise;
      await after(2);
      equal(told, 3);
      fails('EEXIST', () => {
        host.changeWatch(watch, watchFor.reading);
        host.watch(reading, watchFor.reading, () => undefined);
      });
      host.endWatch(watch);
      host.endWatch(watch);
      host.changeWatch(watch, watchFor.reading);
      host.close(writing);
      equal(host.read(reading, 9), host.encodeUtf8('x'));
      equal(await readiness(reading, watchFor.reading), watchFor.reading | watchFor.writing);
      host.close(reading);
    },
  },
  {
    name: 'a watch without interest is silent when the peer hangs up',
    run: async () => {
      const [reading, writing] = host.pipe();
      let told = 0;
      const watch = host.watch(reading, 0, () => told++);
      host.close(writing);
      await after(3);
      equal(told, 0);
      host.changeWatch(watch, watchFor.reading);
      await after(1);
      equal(told > 0, true);
      host.endWatch(watch);
      host.close(reading);
    },
  },
  {
    name: 'a callback may end the watch that would have been next',
    run: async () => {
      const pipes = [host.pipe(), host.pipe()] as const;
      let told = 0;
      const watches = pipes.map(([reading]) =>
        host.watch(reading, watchFor.reading, () => {
          told++;
          for (const watch of watches) host.endWatch(watch);
        }),
      );
      for (const [, writing] of pipes) host.write(writing, host.encodeUtf8('x'));
      await after(3);
      equal(told, 1);
      for (const fd of pipes.flat()) host.close(fd);
    },
  },
  {
    name: 'what cannot be watched is refused',
    run: (directory) => {
      host.writeFile(`${directory}/file`, new Uint8Array(), 0o600, false);
      const fd = host.open(`${directory}/file`, 0, 0);
      fails('EPERM', () => host.watch(fd, watchFor.reading, () => undefined));
      host.close(fd);
      fails('EBADF', () => host.watch(fd, watchFor.reading, () => undefined));
    },
  },
  {
    name: 'a change of a file of the kernel is urgent',
    run: async (directory) => {
      const mounts = host.open('/proc/self/mounts', 0, 0);
      const changed = readiness(mounts, watchFor.urgent);
      host.mount('none', directory, 'tmpfs', 0, null, null);
      equal(((await changed) & watchFor.urgent) !== 0, true);
      host.unmount(directory, 2);
      host.close(mounts);
    },
  },
  {
    name: 'pipes hold nobody up, with nothing to read, no room to write, no reader',
    run: () => {
      const [reading, writing] = host.pipe();
      equal(host.read(reading, 1), null);
      const chunk = new Uint8Array(65_536);
      let written = 0;
      for (let taken = host.write(writing, chunk); taken > 0; taken = host.write(writing, chunk)) written += taken;
      equal(written >= 65_536, true);
      equal(host.read(reading, written + 1)?.length, written);
      host.close(reading);
      fails('EPIPE', () => host.write(writing, chunk));
      host.close(writing);
    },
  },
];
