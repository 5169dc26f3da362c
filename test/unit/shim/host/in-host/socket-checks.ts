import { host } from '../../../../../shim/host/host.ts';
import { watchFor } from '../../../../../shim/host/watch-for.ts';
import { type Check, equal, fails } from './checks.ts';

const socketKind = 0o140000;

/** Both ends of a connection. */
function connection(path: string): { readonly client: number; readonly server: number } {
  const listener = host.listenUnix(path, 0o600);
  const client = host.connectUnix(path);
  const server = host.accept(listener);
  host.close(listener);
  if (server === null) throw new Error('nobody waits');
  return { client, server };
}

export const socketChecks: readonly Check[] = [
  {
    name: 'a socket file has its mode; its address is in use until the file is gone',
    run: (directory) => {
      const path = `${directory}/s`;
      const listener = host.listenUnix(path, 0o642);
      equal(host.status(path).mode, socketKind | 0o642);
      fails('EADDRINUSE', () => host.listenUnix(path, 0o600));
      equal(host.accept(listener), null);
      const client = host.connectUnix(path);
      const server = host.accept(listener) ?? -1;
      const { uid, gid } = host.status('/proc/self');
      equal(host.peerCredentials(server), { pid: host.pid(), uid, gid });
      host.close(listener);
      fails('ECONNREFUSED', () => host.connectUnix(path));
      host.unlink(path);
      fails('ENOENT', () => host.connectUnix(path));
      equal(host.read(server, 10), null);
      equal(host.write(client, new Uint8Array([1, 2])), 2);
      host.close(client);
      equal(host.read(server, 10), new Uint8Array([1, 2]));
      equal(host.read(server, 10), new Uint8Array());
      fails('EPIPE', () => host.write(server, new Uint8Array([1])));
      host.close(server);
    },
  },
  {
    name: 'names in the abstract space, and names as long as there is room',
    run: (directory) => {
      const name = `@gantry-host-check-${host.pid()}`;
      const listener = host.listenUnix(name, 0o600);
      host.close(host.connectUnix(name));
      host.close(listener);
      fails('ECONNREFUSED', () => host.connectUnix(name));
      const link = `/tmp/g-host-check-${host.pid()}`;
      host.symlink(directory, link);
      const longest = `${link}/${'x'.repeat(106 - link.length)}`;
      try {
        host.close(host.listenUnix(longest, 0o600));
        host.unlink(longest);
        fails('ENAMETOOLONG', () => host.listenUnix(`${longest}x`, 0o600));
      } finally {
        host.unlink(link);
      }
    },
  },
  {
    name: 'too many who wait are told so at once',
    run: (directory) => {
      const listener = host.listenUnix(`${directory}/s`, 0o600);
      const waiting: number[] = [];
      fails('EAGAIN', () => {
        while (waiting.length < 5000) waiting.push(host.connectUnix(`${directory}/s`));
      });
      for (const fd of waiting) host.close(fd);
      host.close(listener);
    },
  },
  {
    name: 'a peer that sends no descriptor breaks the rules',
    run: (directory) => {
      const { client, server } = connection(`${directory}/s`);
      equal(host.receiveDescriptor(server), null);
      host.write(client, new Uint8Array([1]));
      fails('EPROTO', () => host.receiveDescriptor(server));
      host.close(client);
      fails('EPROTO', () => host.receiveDescriptor(server));
      host.close(server);
    },
  },
  {
    name: 'a descriptor that is sent arrives, alone, whatever came with it',
    run: async (directory) => {
      // argv[3] is a program that sends descriptors of files: the first is ours, the others are closed.
      const sender = host.argv[3] ?? '';
      for (const name of ['a', 'b', 'c']) host.writeFile(`${directory}/${name}`, host.encodeUtf8(name), 0o600, false);
      const listener = host.listenUnix(`${directory}/s`, 0o600);
      const pid = host.spawn(sender, [sender, 's', 'a', 'b', 'c'], [], directory, [0, -1, 1, -1, 2, 2], false);
      await once(listener);
      const server = host.accept(listener) ?? -1;
      const before = host.readDirectory('/proc/self/fd').length;
      await once(server);
      const received = host.receiveDescriptor(server) ?? -1;
      equal(host.readDirectory('/proc/self/fd').length, before + 1);
      equal(host.decodeUtf8(host.read(received, 10) ?? new Uint8Array()), 'a');
      // O_CLOEXEC and O_NONBLOCK.
      const information = host.decodeUtf8(host.readFile(`/proc/self/fdinfo/${received}`, 4096));
      equal(Number.parseInt(/flags:\s+(\d+)/.exec(information)?.[1] ?? '', 8) & 0o2004000, 0o2004000);
      for (const fd of [received, server, listener]) host.close(fd);
      let ended = host.reap();
      while (ended === null) {
        await new Promise((resolve) => void setTimeout(() => resolve(undefined), 1));
        ended = host.reap();
      }
      equal(ended, { pid, status: 0 });
    },
  },
];

/** Until a descriptor can be read. */
function once(fd: number): Promise<void> {
  return new Promise((resolve) => {
    const watch = host.watch(fd, watchFor.reading, () => {
      host.endWatch(watch);
      resolve();
    });
  });
}
