// Parts that hang: a subscriber, a registry, a reader, a shim. What others ask is answered all the while; no time is measured.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ReadContentRequest } from '../../api/gen/containerd/services/content/v1/content.ts';
import { SubscribeRequest } from '../../api/gen/containerd/services/events/v1/events.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { ContentUpload } from '../lab/content-upload.ts';
import { Ctr } from '../lab/ctr.ts';
import { DaemonCalls } from '../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { HostileServer } from '../lab/hostile-server.ts';
import { images } from '../lab/images.ts';
import { OciLayout } from '../lab/oci-layout.ts';
import { Registry } from '../lab/registry.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';

/** A call whose answer nobody reads, once it has begun; `status` reads it to its end and gives the gRPC status. */
interface UnreadCall extends Disposable {
  status(): Promise<number>;
}

async function callUnread(daemon: DaemonUnderTest, path: string, body: Uint8Array): Promise<UnreadCall> {
  const socket = connect(daemon.address);
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    'containerd-namespace': daemon.namespace,
  });
  stream.on('error', () => undefined);
  const message = Buffer.alloc(5 + body.length);
  message.writeUInt32BE(body.length, 1);
  message.set(body, 5);
  const begun = new Promise<void>((resolve) => stream.once('response', () => resolve()));
  const ended = new Promise<number>((resolve) =>
    stream.once('trailers', (trailers: IncomingHttpHeaders) => resolve(Number(trailers['grpc-status']))),
  );
  stream.end(message);
  await begun;
  socket.pause();
  return {
    status: () => {
      socket.resume();
      stream.resume();
      return ended;
    },
    [Symbol.dispose]: () => session.destroy(),
  };
}

describe('a part that hangs', () => {
  let registry: Registry;
  let directory: TemporaryDirectory;
  let busybox: string;
  let daemon: DaemonUnderTest;
  let calls: DaemonCalls;
  before(async () => {
    directory = new TemporaryDirectory();
    registry = await Registry.start();
    const layout = new OciLayout(directory.path);
    await images['lab/busybox:1'](layout);
    busybox = await registry.push(layout, 'lab/busybox:1');
    // Of a layer of its own: whoever wants the same blob waits for whoever fetches it.
    layout.addImage('lab/stalled:1', [await layout.addLayer([{ name: 'stalled', content: randomBytes(1 << 20) }])]);
    await registry.push(layout, 'lab/stalled:1');
    daemon = await DaemonUnderTest.start({ kind: 'gantry' });
    calls = new DaemonCalls(daemon);
  });
  after(async () => {
    await calls[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  /** Something of everything, to its end. */
  async function others(): Promise<void> {
    const ctr = new Ctr(daemon);
    const { options } = calls;
    await calls.version.version({});
    await ctr.ok(['image', 'pull', '--plain-http', busybox]);
    await ctr.ok(['run', '--rm', busybox, 'other', 'true']);
    await using upload = new ContentUpload(calls.content, options);
    const bytes = randomBytes(3 << 20);
    await upload.write('other', bytes);
    const digest = await upload.commit('other', bytes, new Map([['containerd.io/gc.root', 'test']]));
    let size = 0;
    for await (const { data } of calls.content.read({ digest, offset: 0n, size: 0n }, options)) size += data.length;
    assert.equal(size, bytes.length);
    await calls.content.delete({ digest }, options);
  }

  test('a subscriber that does not read is given up; others have every event', async () => {
    const subscribe = '/containerd.services.events.v1.Events/Subscribe';
    using hung = await callUnread(daemon, subscribe, SubscribeRequest.encode({ filters: [] }).finish());
    const { options } = calls;
    const stop = new AbortController();
    const events = calls.events.subscribe({ filters: ['topic=="/test/hung"'] }, { signal: stop.signal });
    const count = 300;
    const received: Envelope[] = [];
    const reading = (async (): Promise<void> => {
      while (received.length < count) {
        const { value } = await events.next();
        if (value === undefined) throw new Error('the subscription ended');
        received.push(value);
      }
    })();
    const value = randomBytes(64 << 10);
    for (let number = 0; number < count; number++) {
      await calls.events.publish({ topic: '/test/hung', event: { typeUrl: `type-${String(number)}`, value } }, options);
    }
    await reading;
    assert.deepEqual(
      received.map(({ event }) => event?.typeUrl),
      Array.from({ length: count }, (_, at) => `type-${String(at)}`),
    );
    stop.abort();
    await others();
    // Once it reads, it hears that it has missed some.
    assert.equal(await hung.status(), 14);
  });

  test('a reader of a blob that does not read', async () => {
    const bytes = randomBytes(32 << 20);
    await using upload = new ContentUpload(calls.content, calls.options);
    await upload.write('unread', bytes);
    const digest = await upload.commit('unread', bytes, new Map([['containerd.io/gc.root', 'test']]));
    const body = ReadContentRequest.encode({ digest, offset: 0n, size: 0n }).finish();
    const read = '/containerd.services.content.v1.Content/Read';
    using hung = await callUnread(daemon, read, body);
    await others();
    // What was deleted meanwhile is read to its end.
    await calls.content.delete({ digest }, calls.options);
    assert.equal(await hung.status(), 0);
  });

  test('a writer that stops in the middle keeps its ref, and nothing else', async () => {
    await using hung = new ContentUpload(calls.content, calls.options);
    await hung.write('stopped', randomBytes(2 << 20));
    await others();
    await using second = new ContentUpload(calls.content, calls.options);
    await assert.rejects(
      second.step({ ref: 'stopped' }),
      (error) => error instanceof KindError && error.kind === 'unavailable',
    );
  });

  /** A registry that answers as the real one does but stalls where `stalls` says. */
  async function stallingPull(stalls: (method: string, url: string) => 'answer' | 'body' | undefined): Promise<void> {
    const stalled = Promise.withResolvers<void>();
    await using hostile = await HostileServer.start((incoming, response) => {
      const { method = '', url = '' } = incoming;
      const how = stalls(method, url);
      if (how === 'answer') return stalled.resolve();
      void fetch(`http://${registry.host}${url}`, {
        method,
        headers: { accept: incoming.headers.accept ?? '*/*' },
      }).then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'connection'));
        response.writeHead(answer.status, headers);
        if (how === undefined) return response.end(body);
        response.write(body.subarray(0, body.length / 2));
        return stalled.resolve();
      });
    });
    const ctr = new Ctr(daemon);
    const pull = await ctr.start(['image', 'pull', '--plain-http', `${hostile.host}/lab/stalled:1`]);
    await stalled.promise;
    await others();
    pull.kill('SIGKILL');
    await pull.exited;
    // The daemon lets go of what nobody waits for.
    await others();
    const { images: records } = await calls.images.list({ filters: [] }, calls.options);
    assert.deepEqual(
      records.map(({ name }) => name),
      [busybox],
    );
  }

  test('a registry that accepts and does not answer', () => stallingPull(() => 'answer'));

  test('a registry that stalls in the middle of a blob', () =>
    stallingPull((_, url) => (url.includes('/blobs/') ? 'body' : undefined)));
});
