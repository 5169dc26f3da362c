import { host } from '../../../../../shim/host/host.ts';
import { type Check, equal, fails } from './checks.ts';

const flags = { writeOnly: 1, readWrite: 2, create: 0o100, exclusive: 0o200 } as const;
const kinds = { mask: 0o170000, file: 0o100000, directory: 0o040000, link: 0o120000, fifo: 0o010000 } as const;
const bytes = (text: string): Uint8Array => host.encodeUtf8(text);

const names = (directory: string): string[] => host.readDirectory(directory).toSorted();

export const fileChecks: readonly Check[] = [
  {
    name: 'a file that is written has its mode and content, and nothing is left beside it',
    run: (directory) => {
      host.writeFile(`${directory}/a`, bytes('one'), 0o640, true);
      host.writeFile(`${directory}/a`, bytes('two'), 0o604, false);
      equal(host.decodeUtf8(host.readFile(`${directory}/a`, 3)), 'two');
      const { mode, size, uid } = host.status(`${directory}/a`);
      equal([mode & 0o7777, mode & kinds.mask, size, uid], [0o604, kinds.file, 3, 0]);
      equal(names(directory), ['a']);
    },
  },
  {
    name: 'a file over the limit is refused',
    run: (directory) => {
      host.writeFile(`${directory}/a`, new Uint8Array(10_000), 0o600, false);
      fails('EFBIG', () => host.readFile(`${directory}/a`, 9_999));
      equal(host.readFile(`${directory}/a`, 10_000).length, 10_000);
      equal(host.readFile(`${directory}/a`, 1 << 20).length, 10_000);
    },
  },
  {
    name: 'a file of the kernel, which tells no size, is read whole; a FIFO in its place holds nobody up',
    run: (directory) => {
      equal(host.decodeUtf8(host.readFile('/proc/self/status', 65_536)).includes('VmRSS'), true);
      host.makeFifo(`${directory}/fifo`, 0o600);
      equal(host.readFile(`${directory}/fifo`, 10).length, 0);
    },
  },
  {
    name: 'errors tell code, errno, call and path, and where they were thrown',
    run: () => {
      try {
        host.open('/nowhere/at/all', 0, 0);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        equal(Object.fromEntries(Object.entries(error)), {
          code: 'ENOENT',
          errno: -2,
          syscall: 'open',
          path: '/nowhere/at/all',
        });
        equal(error.message, "ENOENT: no such file or directory, open '/nowhere/at/all'");
        equal((error.stack ?? '').includes('run'), true);
        return;
      }
      throw new Error('nothing was thrown');
    },
  },
  {
    name: 'writing where nothing can be written fails and leaves nothing',
    run: (directory) => {
      fails('ENOENT', () => host.writeFile(`${directory}/no/a`, bytes('x'), 0o600, false));
      host.makeDirectory(`${directory}/taken`, 0o700);
      fails('EISDIR', () => host.writeFile(`${directory}/taken`, bytes('x'), 0o600, false));
      equal(names(directory), ['taken']);
    },
  },
  {
    name: 'directories are made with parents, twice, and not over a file',
    run: (directory) => {
      host.makeDirectory(`${directory}/a/b//c/`, 0o711);
      host.makeDirectory(`${directory}/a/b/c`, 0o700);
      for (const path of ['a', 'a/b', 'a/b/c']) {
        equal(host.status(`${directory}/${path}`).mode, kinds.directory | 0o711);
      }
      host.writeFile(`${directory}/f`, bytes(''), 0o600, false);
      fails('EEXIST', () => host.makeDirectory(`${directory}/f`, 0o700));
      fails('ENOTDIR', () => host.makeDirectory(`${directory}/f/g`, 0o700));
      fails('ENAMETOOLONG', () => host.makeDirectory(`${directory}/${'d/'.repeat(3000)}`, 0o700));
      fails('ENOTEMPTY', () => host.removeDirectory(`${directory}/a`));
      host.removeDirectory(`${directory}/a/b/c`);
      fails('ENOENT', () => host.readDirectory(`${directory}/a/b/c`));
      fails('ENOTDIR', () => host.readDirectory(`${directory}/f`));
    },
  },
  {
    name: 'links, FIFOs, names in other scripts; renaming and removing',
    run: (directory) => {
      const target = 'ä/漢字/🐋'.repeat(20);
      host.symlink(target, `${directory}/link`);
      equal(host.readLink(`${directory}/link`), target);
      equal(host.status(`${directory}/link`).mode & kinds.mask, kinds.link);
      fails('EEXIST', () => host.symlink('x', `${directory}/link`));
      fails('EINVAL', () => host.readLink(directory));
      host.makeFifo(`${directory}/fifo`, 0o622);
      equal(host.status(`${directory}/fifo`).mode, kinds.fifo | 0o622);
      host.rename(`${directory}/fifo`, `${directory}/漢🐋`);
      host.unlink(`${directory}/link`);
      equal(names(directory), ['漢🐋']);
      fails('ENOENT', () => host.rename(`${directory}/fifo`, `${directory}/x`));
      fails('ENOENT', () => host.unlink(`${directory}/fifo`));
      fails('EISDIR', () => host.unlink(directory));
    },
  },
  {
    name: 'descriptors are opened, read, written, duplicated and closed',
    run: (directory) => {
      const fd = host.open(`${directory}/a`, flags.readWrite | flags.create | flags.exclusive, 0o600);
      fails('EEXIST', () => host.open(`${directory}/a`, flags.readWrite | flags.create | flags.exclusive, 0o600));
      equal(host.write(fd, bytes('hello')), 5);
      const copy = host.duplicate(fd);
      equal(host.write(copy, new Uint8Array([0, 255]).subarray(1)), 1);
      equal(host.status(`${directory}/a`).size, 6);
      host.changeOwner(copy, 12, 3_000_000_000);
      const { uid, gid } = host.status(`${directory}/a`);
      equal([uid, gid], [12, 3_000_000_000]);
      equal(host.read(fd, 10), new Uint8Array());
      host.close(fd);
      host.close(copy);
      for (const gone of [() => host.close(fd), () => host.read(fd, 1), () => host.write(fd, bytes('x'))]) {
        fails('EBADF', gone);
      }
      const again = host.open(`${directory}/a`, 0, 0);
      equal(host.read(again, 3), bytes('hel'));
      equal(host.read(again, 300), new Uint8Array([0x6c, 0x6f, 255]));
      host.close(again);
    },
  },
];
