import { host } from '../../../../../shim/host/host.ts';
import { type Check, equal, fails } from './checks.ts';
import { readAll } from './read-all.ts';

const signals = { hup: 1, kill: 9, user: 10, term: 15, child: 17 } as const;

/** Exits, whenever they come. */
class Exits {
  readonly #ended = new Map<number, number>();
  readonly #waiting = new Map<number, (status: number) => void>();
  readonly others: number[] = [];
  readonly both = Promise.withResolvers<undefined>();

  constructor() {
    host.onSignal([signals.child, signals.user, signals.hup], (signal) => {
      if (signal !== signals.child && this.others.push(signal) === 2) this.both.resolve(undefined);
      for (let exit = host.reap(); exit !== null; exit = host.reap()) {
        this.#ended.set(exit.pid, exit.status);
        this.#waiting.get(exit.pid)?.(exit.status);
      }
    });
  }

  of(pid: number): Promise<number> {
    const known = this.#ended.get(pid);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.set(pid, resolve));
  }
}

let exits: Exits | undefined;
const shell = '/bin/sh';

function run(script: string, fds: readonly number[] = [], newGroup = false): number {
  return host.spawn(shell, [shell, '-c', script], ['PATH=/bin:/usr/bin', 'A=ä'], '/usr', fds, newGroup);
}

/** What a script writes to stdout, and its exit. */
async function output(script: string, newGroup = false): Promise<readonly [string, number]> {
  exits ??= new Exits();
  const [reading, writing] = host.pipe();
  const pid = run(script, [0, -1, 1, writing, 2, 2], newGroup);
  host.close(writing);
  return [await readAll(reading), await exits.of(pid)];
}

export const childChecks: readonly Check[] = [
  {
    name: 'a child has its arguments, environment, directory, and the descriptors that were named',
    run: async () => {
      equal(await output('echo $A; pwd; ls /proc/$$/fd; ulimit -n; umask; exit 7'), [
        `ä\n/usr\n0\n1\n2\n${/Max open files\s+(\d+)/.exec(host.decodeUtf8(host.readFile('/proc/self/limits', 4096)))?.[1] ?? ''}\n0022\n`,
        7,
      ]);
    },
  },
  {
    name: 'a child has default dispositions and an empty mask',
    run: async () => {
      const [text] = await output('grep -E "Sig(Blk|Ign)" /proc/self/status');
      equal(text, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
    },
  },
  {
    name: 'a child that is killed tells its signal; one in a group of its own is its leader',
    run: async () => {
      exits ??= new Exits();
      const pid = run('sleep 1000', [], true);
      equal(/\) \w (\d+) (\d+)/.exec(host.decodeUtf8(host.readFile(`/proc/${pid}/stat`, 4096)))?.[2], String(pid));
      host.kill(-pid, signals.kill);
      equal(await exits.of(pid), 128 + signals.kill);
      fails('ESRCH', () => host.kill(pid, 0));
    },
  },
  {
    name: 'programs and directories that are not there are failures of the start, and leave nothing',
    run: () => {
      fails('ENOENT', () => host.spawn('/no/program', ['x'], [], null, [], false));
      fails('ENOENT', () => host.spawn(shell, ['x'], [], '/no/directory', [], false));
      fails('EACCES', () => host.spawn('/proc/self/status', ['x'], [], null, [], false));
      fails('EBADF', () => host.spawn(shell, ['x'], [], null, [0, 999], false));
    },
  },
  {
    name: 'no exit of hundreds of quick children is lost, and no descriptor is left',
    run: async () => {
      exits ??= new Exits();
      const known = exits;
      const before = host.readDirectory('/proc/self/fd').length;
      const children = Array.from({ length: 300 }, (_, index) => [index % 256, run(`exit ${index % 256}`)] as const);
      for (const [status, pid] of children) equal(await known.of(pid), status);
      equal(host.readDirectory('/proc/self/fd').length, before);
      equal(host.reap(), null);
    },
  },
  {
    name: 'the number of a child that has ended, and whose group lives on, is nobody’s',
    run: async () => {
      exits ??= new Exits();
      host.becomeSubreaper();
      const [reading, writing] = host.pipe();
      const leader = run('sleep 1000 & echo $!', [0, -1, 1, writing, 2, 2], true);
      host.close(writing);
      equal(await exits.of(leader), 0);
      try {
        fails('ESRCH', () => host.openProcess(leader));
      } finally {
        host.kill(-leader, signals.kill);
      }
      equal(await exits.of(Number(await readAll(reading))), 128 + signals.kill);
    },
  },
  {
    name: 'an orphan of a child becomes ours',
    run: async () => {
      exits ??= new Exits();
      host.becomeSubreaper();
      const [text] = await output('(sleep 0.05; exit 9) & echo $!');
      equal(await exits.of(Number(text)), 9);
    },
  },
  {
    name: 'signals come to the callback, each once for as often as it was pending',
    run: async () => {
      exits ??= new Exits();
      host.kill(host.pid(), signals.user);
      host.kill(host.pid(), signals.hup);
      await exits.both.promise;
      equal(exits.others.toSorted(), [signals.hup, signals.user].toSorted());
    },
  },
];
