import { host } from '../../../../../shim/host/host.ts';
import { UnixListener } from '../../../../../shim/host/unix-listener.ts';
import { watchFor } from '../../../../../shim/host/watch-for.ts';

/** Ways for a program to end, and to go on. */
export const misfortunes: Readonly<Record<string, () => void>> = {
  'throws in a callback': () => {
    setTimeout(() => {
      nameInStack();
    });
    setTimeout(() => host.exit(5), 1);
  },
  'throws whenever it is asked': () => {
    const [reading, writing] = host.pipe();
    host.write(writing, Uint8Array.of(1));
    const watch = host.watch(reading, watchFor.reading, () => nameInStack());
    // One after the other: what is due at once is called without a look at descriptors in between.
    setTimeout(() => {
      host.changeWatch(watch, watchFor.reading);
      setTimeout(() => host.exit(5), 5);
    }, 5);
  },
  'throws at once': () => nameInStack(),
  'rejects and goes on': () => {
    void Promise.reject(new Error('nobody cares', { cause: new Error('a deeper reason') }));
    const late = Promise.reject(new Error('somebody cares'));
    queueMicrotask(() => void late.catch(() => undefined));
    setTimeout(() => host.exit(5));
  },
  'eats all memory': () => {
    const all: unknown[] = [];
    for (;;) all.push(new Uint8Array(1 << 20).fill(1));
  },
  'eats all memory in a callback and in a job': () => {
    const eat = (): void => misfortunes['eats all memory']?.();
    setTimeout(eat);
    setTimeout(() => void Promise.resolve().then(eat), 1);
    setTimeout(() => host.exit(host.encodeUtf8('still here').length), 2);
  },
  'talks to nobody': () => {
    for (let line = 0; line < 1000; line++) host.log('x'.repeat(1000));
    host.exit(6);
  },
  detaches: () => detach(),
  'runs out of descriptors': () => runOut(),
};

function nameInStack(): never {
  throw new TypeError('as it must');
}

/** Somebody knocks while there are no descriptors; when there are some again, the door is opened. */
function runOut(): void {
  const [, , directory = ''] = host.argv;
  const listener = new UnixListener(host.listenUnix(`${directory}/socket`, 0o600), () => {
    listener[Symbol.dispose]();
    host.exit(7);
  });
  host.connectUnix(`${directory}/socket`);
  const taken: number[] = [];
  try {
    for (;;) taken.push(...host.pipe());
  } catch {
    for (;;) {
      try {
        taken.push(host.duplicate(0));
      } catch {
        break;
      }
    }
  }
  setTimeout(() => {
    for (const fd of taken) host.close(fd);
  }, 20);
}

/** The child writes what it is to `directory/child`, as JSON, once a timer from before has come. */
function detach(): void {
  const [, , directory = ''] = host.argv;
  const [kept] = host.pipe();
  host.pipe();
  const watched = host.listenUnix(`${directory}/socket`, 0o600);
  let child = false;
  host.watch(watched, 1, () => {
    if (!child) return;
    host.writeFile(`${directory}/child`, host.encodeUtf8(JSON.stringify(describe([kept, watched]))), 0o600, false);
    host.exit(0);
  });
  host.setTimer(1, () => {
    if (child) host.connectUnix(`${directory}/socket`);
    else host.exit(4);
  });
  const errors = host.open(`${directory}/errors`, 0o102, 0o600);
  child = host.detach([watched, kept], errors);
  if (child) host.log('from the child');
}

function describe(kept: readonly number[]): unknown {
  const places = [0, 1, 2].map((fd) => host.readLink(`/proc/self/fd/${fd}`));
  const fields = host.decodeUtf8(host.readFile('/proc/self/stat', 4096)).split(' ');
  // What a descriptor list is read with, the loop's, and the client's end are there besides.
  const open = host.readDirectory('/proc/self/fd').map(Number);
  return {
    places,
    pid: host.pid(),
    session: Number(fields[5]),
    kept: kept.every((fd) => open.includes(fd)),
    open: open.length,
  };
}
