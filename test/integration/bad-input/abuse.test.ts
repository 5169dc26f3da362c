// Clients that do not keep to HTTP/2 or to its spirit. Each test calls the daemon over another connection all the while, and looks at
// its memory at the end.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ReadContentRequest } from '../../../api/gen/containerd/services/content/v1/content.ts';
import { processFigures } from '../../bench/process-figures.ts';
import { ContentUpload } from '../../lab/content-upload.ts';
import { DaemonCalls } from '../../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { callHeaders, frameFlags, frameTypes, http2Frame, literalHeader, RawHttp2 } from './raw-http2.ts';

/** What clients of this kind may cost in memory, in MiB. */
const allowance = 100;
/** Twenty readers that do not read: some messages of 1 MiB each, and far less than what they asked for. */
const readersAllowance = 300;
const versionPath = '/containerd.services.version.v1.Version/Version';

describe('HTTP/2 abuse', () => {
  let daemon: DaemonUnderTest;
  let calls: DaemonCalls;
  let idle: number;
  beforeEach(async () => {
    daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    calls = new DaemonCalls(daemon);
    await calls.version.version({});
    idle = processFigures(daemon.pid).privateDirty;
  });
  afterEach(async () => {
    await calls[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  /** Somebody else's calls go on while `work` does. */
  async function meanwhile(work: () => Promise<void>, most = allowance): Promise<void> {
    const state = { over: false };
    let answered = 0;
    const asking = (async (): Promise<void> => {
      while (!state.over || answered === 0) {
        await calls.version.version({});
        answered++;
      }
    })();
    try {
      await work();
    } finally {
      state.over = true;
      await asking;
    }
    checkMemory(most);
  }

  function checkMemory(most: number): void {
    const { privateDirty } = processFigures(daemon.pid);
    assert.ok(privateDirty < idle + most, `${String(privateDirty)} MiB, ${String(idle)} at first`);
  }

  test('streams that are reset as soon as they are opened, by the thousand', async () => {
    await meanwhile(async () => {
      using raw = new RawHttp2(daemon.address);
      const cancel = Buffer.alloc(4);
      cancel.writeUInt32BE(constants.NGHTTP2_CANCEL);
      for (let stream = 1; stream < 40_000; stream += 2) {
        const headers = http2Frame(frameTypes.headers, frameFlags.endHeaders, stream, callHeaders(versionPath));
        await raw.send(headers, http2Frame(frameTypes.reset, 0, stream, cancel));
      }
    });
  });

  test('a header block that never ends', async () => {
    await meanwhile(async () => {
      using raw = new RawHttp2(daemon.address);
      await raw.send(http2Frame(frameTypes.headers, 0, 1, callHeaders(versionPath)));
      const more = Buffer.concat(Array.from({ length: 100 }, () => literalHeader('x-more', 'v'.repeat(120))));
      for (let count = 0; count < 20_000 && !raw.socket.destroyed; count++)
        await raw.send(http2Frame(frameTypes.continuation, 0, 1, more));
      await raw.closed;
    });
  });

  test('empty continuations without end', async () => {
    await meanwhile(async () => {
      using raw = new RawHttp2(daemon.address);
      await raw.send(http2Frame(frameTypes.headers, 0, 1, callHeaders(versionPath)));
      const empty = Buffer.concat(Array.from({ length: 1000 }, () => http2Frame(frameTypes.continuation, 0, 1)));
      for (let count = 0; count < 1000 && !raw.socket.destroyed; count++) await raw.send(empty);
      await raw.closed;
    });
  });

  test('a small header block that unpacks to a large one', async () => {
    await meanwhile(async () => {
      for (let client = 0; client < 20; client++) {
        using raw = new RawHttp2(daemon.address);
        // One entry of 3 KiB for the dynamic table, and then its index (62) fifteen thousand times over.
        const value = Buffer.alloc(3000, 'v');
        const length = value.length - 127;
        const entry = Buffer.concat([
          Buffer.of(0x40, 1),
          Buffer.from('x'),
          Buffer.of(127, (length & 127) | 128, length >> 7),
          value,
        ]);
        const block = Buffer.concat([callHeaders(versionPath), entry, Buffer.alloc(10_000, 0x80 | 62)]);
        await raw.send(http2Frame(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, block));
        // The server refuses the stream or the connection; it answers this in either case, or hangs up.
        while (raw.received.length < 100 && !raw.socket.destroyed) {
          await raw.send(http2Frame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
          await new Promise(setImmediate);
        }
      }
    });
  });

  test('pings and settings whose answers nobody reads', async () => {
    await meanwhile(async () => {
      using raw = new RawHttp2(daemon.address);
      raw.socket.pause();
      const pings = Buffer.concat(
        Array.from({ length: 1000 }, () => http2Frame(frameTypes.ping, 0, 0, Buffer.alloc(8))),
      );
      const settings = Buffer.concat(Array.from({ length: 1000 }, () => http2Frame(frameTypes.settings, 0, 0)));
      for (let count = 0; count < 300; count++) {
        if (raw.socket.destroyed) break;
        raw.socket.write(pings);
        raw.socket.write(settings);
        await new Promise(setImmediate);
      }
    });
  });

  test('readers of a blob that do not read', async () => {
    const bytes = randomBytes(64 << 20);
    let digest = '';
    {
      await using upload = new ContentUpload(calls.content, calls.options);
      await upload.write('slow', bytes);
      digest = await upload.commit('slow', bytes, new Map([['containerd.io/gc.root', 'test']]));
    }
    const body = ReadContentRequest.encode({ digest, offset: 0n, size: 0n }).finish();
    const message = Buffer.alloc(5 + body.length);
    message.writeUInt32BE(body.length, 1);
    message.set(body, 5);
    await meanwhile(async () => {
      const sessions = Array.from({ length: 20 }, () => {
        // The whole blob would fit into what the client says it takes; but it reads nothing of its socket.
        const socket = connect(daemon.address);
        const session = connectHttp2('http://localhost', {
          createConnection: () => socket,
          settings: { initialWindowSize: 2 ** 31 - 1 },
        });
        session.on('error', () => undefined);
        const stream = session.request({
          ...{ ':method': 'POST', ':path': '/containerd.services.content.v1.Content/Read', te: 'trailers' },
          ...{ 'content-type': 'application/grpc', 'containerd-namespace': daemon.namespace },
        });
        stream.on('error', () => undefined);
        stream.end(message);
        // Over once the answer has begun.
        const begun = new Promise<void>((resolve) => stream.once('response', () => resolve()));
        void begun.then(() => socket.pause());
        return { session, begun };
      });
      await Promise.all(sessions.map(({ begun }) => begun));
      // Somebody else reads the same blob to its end.
      let size = 0;
      for await (const { data } of calls.content.read({ digest, offset: 0n, size: 0n }, calls.options))
        size += data.length;
      assert.equal(size, bytes.length);
      checkMemory(readersAllowance);
      for (const { session } of sessions) session.destroy();
    }, readersAllowance);
  });

  test('connections that say nothing, by the hundred', async () => {
    await meanwhile(async () => {
      const sockets = Array.from({ length: 500 }, () => connect(daemon.address).on('error', () => undefined));
      for (let time = 0; time < 20; time++) await calls.images.list({ filters: [] }, calls.options);
      for (const socket of sockets) socket.destroy();
    });
  });

  test('what is no HTTP/2 at all', async () => {
    await meanwhile(async () => {
      for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0'.repeat(100_000), randomBytes(100_000)]) {
        const socket = connect(daemon.address).on('error', () => undefined);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.resume();
        socket.write(text);
        await closed;
      }
    });
  });
});
