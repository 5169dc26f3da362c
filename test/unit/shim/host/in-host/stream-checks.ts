import type { ByteStreamListener } from '../../../../../api/ttrpc/byte-stream.ts';
import { FdStream } from '../../../../../shim/host/fd-stream.ts';
import { host } from '../../../../../shim/host/host.ts';
import { UnixListener } from '../../../../../shim/host/unix-listener.ts';
import { type Check, equal } from './checks.ts';

/** What a stream told. */
class Told implements ByteStreamListener {
  readonly #end = Promise.withResolvers<Error | undefined>();
  readonly ended = this.#end.promise;
  bytes = 0;
  drains = 0;
  onData: ((chunk: Uint8Array) => void) | undefined;
  onDrained: (() => void) | undefined;

  data(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.onData?.(chunk);
  }

  drained(): void {
    this.drains++;
    this.onDrained?.();
  }

  closed(error?: Error): void {
    this.#end.resolve(error);
  }
}

/** Two streams that are connected to each other. */
function pair(path: string): Promise<readonly [client: FdStream, server: FdStream]> {
  return new Promise((resolve) => {
    const listener = new UnixListener(host.listenUnix(path, 0o600), (fd) => {
      listener[Symbol.dispose]();
      listener[Symbol.dispose]();
      resolve([client, new FdStream(fd)]);
    });
    const client = new FdStream(host.connectUnix(path));
  });
}

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));

export const streamChecks: readonly Check[] = [
  {
    name: 'all bytes come, in order, and the writer is told to wait and to go on',
    run: async (directory) => {
      const [client, server] = await pair(`${directory}/s`);
      const [sent, got] = [new Told(), new Told()];
      const total = 5_000_000;
      let next = 0;
      got.onData = (chunk) => {
        for (const byte of chunk) if (byte !== next++ % 251) throw new Error(`byte ${next - 1} is wrong`);
      };
      client.start(sent);
      server.start(got);
      let written = 0;
      const write = (): void => {
        for (let more = true; more && written < total;) {
          const chunk = Uint8Array.from({ length: Math.min(100_000, total - written) }, (_, i) => (written + i) % 251);
          written += chunk.length;
          more = client.write(chunk);
        }
        if (written === total) client.close();
      };
      sent.onDrained = write;
      write();
      equal([await got.ended, await sent.ended], [undefined, undefined]);
      equal([got.bytes, next], [total, total]);
      equal(sent.drains > 0, true);
      equal(client.write(new Uint8Array(1)), true);
    },
  },
  {
    name: 'a paused reader holds up the writer; a resumed one gets the rest',
    run: async (directory) => {
      const [client, server] = await pair(`${directory}/s`);
      const [sent, got] = [new Told(), new Told()];
      client.start(sent);
      server.start(got);
      server.pause();
      let written = 0;
      while (client.write(new Uint8Array(50_000))) written += 50_000;
      written += 50_000;
      await after(5);
      equal([got.bytes, sent.drains], [0, 0]);
      server.resume();
      client.close();
      await got.ended;
      equal(got.bytes, written);
    },
  },
  {
    name: 'a listener that throws loses its connection, and others nothing',
    run: async (directory) => {
      const [client, server] = await pair(`${directory}/s`);
      const [sent, got] = [new Told(), new Told()];
      got.onData = () => {
        throw new Error('no sense in it');
      };
      client.start(sent);
      server.start(got);
      client.write(new Uint8Array(10));
      equal((await got.ended)?.message, 'no sense in it');
      await sent.ended;
    },
  },
  {
    name: 'a peer that goes while bytes are queued is told of once',
    run: async (directory) => {
      const [client, server] = await pair(`${directory}/s`);
      const [sent, got] = [new Told(), new Told()];
      client.start(sent);
      while (client.write(new Uint8Array(50_000)));
      client.close();
      server.close();
      server.start(got);
      await got.ended;
      equal((await sent.ended)?.message.includes('EPIPE') ?? false, true);
    },
  },
  {
    name: 'many connections at once; none is lost',
    run: async (directory) => {
      const path = `${directory}/s`;
      let served = 0;
      const all = Promise.withResolvers<undefined>();
      const closed = (): void => {
        if (++served === 100) all.resolve(undefined);
      };
      const listener = new UnixListener(host.listenUnix(path, 0o600), (fd) => {
        const stream = new FdStream(fd);
        stream.start({ data: (chunk) => void stream.write(chunk), drained: () => undefined, closed });
      });
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const stream = new FdStream(host.connectUnix(path));
          const told = new Told();
          told.onData = () => stream.close();
          stream.start(told);
          stream.write(new Uint8Array(3));
          await told.ended;
          equal(told.bytes, 3);
        }),
      );
      await all.promise;
      listener[Symbol.dispose]();
    },
  },
];
