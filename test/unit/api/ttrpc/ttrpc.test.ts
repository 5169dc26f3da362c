import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Request, Response } from '../../../../api/gen/ttrpc/request.ts';
import { MessageQueue } from '../../../../api/rpc/message-queue.ts';
import { rpcClient, type RpcClient } from '../../../../api/rpc/rpc-client.ts';
import type { ByteStream, ByteStreamListener } from '../../../../api/ttrpc/byte-stream.ts';
import { FrameDecoder } from '../../../../api/ttrpc/frame-decoder.ts';
import { encodeFrame, frameFlag, frameType, type Frame } from '../../../../api/ttrpc/frame.ts';
import { TtrpcClient } from '../../../../api/ttrpc/ttrpc-client.ts';
import { TtrpcServer } from '../../../../api/ttrpc/ttrpc-server.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { probe, probeDefinition, probeService, type ProbeRecord } from '../probe-service.ts';

/** One end of a connection in memory: chunks arrive in later turns, in order, held back while paused. */
class MemoryStream implements ByteStream {
  peer: MemoryStream | undefined;
  #listener: ByteStreamListener | undefined;
  readonly #arrived: Uint8Array[] = [];
  #paused = false;
  #closed = false;
  #stalled = false;

  static pair(): [MemoryStream, MemoryStream] {
    const [left, right] = [new MemoryStream(), new MemoryStream()];
    left.peer = right;
    right.peer = left;
    return [left, right];
  }

  start(listener: ByteStreamListener): void {
    this.#listener = listener;
    this.#deliver();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed) return true;
    const { peer } = this;
    assert.ok(peer !== undefined);
    peer.#arrived.push(bytes.slice());
    setImmediate(() => peer.#deliver());
    this.#stalled = peer.#arrived.length > 4;
    return !this.#stalled;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    setImmediate(() => this.#deliver());
  }

  close(): void {
    setImmediate(() => {
      this.#end();
      if (this.peer !== undefined) this.peer.#end();
    });
  }

  #end(): void {
    if (this.#closed) return;
    this.#paused = false;
    this.#deliver();
    this.#closed = true;
    this.#listener?.closed();
  }

  #deliver(): void {
    if (this.#closed || this.#listener === undefined) return;
    while (!this.#paused) {
      const chunk = this.#arrived.shift();
      if (chunk === undefined) break;
      this.#listener.data(chunk);
    }
    const { peer } = this;
    if (peer !== undefined && this.#arrived.length === 0 && peer.#stalled) {
      peer.#stalled = false;
      peer.#listener?.drained();
    }
  }
}

interface Fixture {
  server: TtrpcServer;
  transport: TtrpcClient;
  client: RpcClient<typeof probeDefinition>;
  record: ProbeRecord;
}

function serve(t: TestContext, fail?: () => never): Fixture {
  const { service, record } = probeService(fail);
  const server = new TtrpcServer([service]);
  t.after(() => server[Symbol.asyncDispose]());
  const [left, right] = MemoryStream.pair();
  server.serve(right);
  const transport = new TtrpcClient(left);
  return { server, transport, client: rpcClient(transport, probeDefinition), record };
}

/** A client of bare frames. */
class RawClient {
  readonly frames = new MessageQueue<Frame>();
  readonly #stream: ByteStream;

  constructor(server: TtrpcServer) {
    const [left, right] = MemoryStream.pair();
    this.#stream = left;
    server.serve(right);
    const decoder = new FrameDecoder({
      frame: (frame) => this.frames.push(frame),
      oversized: () => assert.fail('oversized'),
    });
    left.start({ data: (chunk) => decoder.push(chunk), drained: () => undefined, closed: () => this.frames.end() });
  }

  send(head: Omit<Frame, 'payload'>, payload: Uint8Array = new Uint8Array()): void {
    this.#stream.write(encodeFrame(head, (writer) => writer.raw(payload)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  request(stream: number, method: string, fields: Partial<Request> = {}, flags = 0): void {
    const request = Request.fromPartial({ service: 'test.v1.Probe', method, ...fields });
    this.send({ stream, type: frameType.request, flags }, Request.encode(request).finish());
  }

  async next(): Promise<Frame> {
    const { value } = await this.frames.next();
    assert.ok(value !== undefined, 'connection closed');
    return value;
  }

  /** The next frame, which must be a response. */
  async response(stream: number): Promise<{ code: number; message: string; payload: Uint8Array }> {
    const frame = await this.next();
    assert.equal(frame.type, frameType.response);
    assert.equal(frame.stream, stream);
    const { status, payload } = Response.decode(frame.payload);
    return { code: status?.code ?? 0, message: status?.message ?? '', payload };
  }

  close(): void {
    this.#stream.close();
  }
}

function kind(expected: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KindError, String(error));
    assert.equal(error.kind, expected, error.message);
    if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}

test('a unary call carries its message and namespace', async (t) => {
  const { client, record } = serve(t);
  const request = probe('word', new Uint8Array([1, 2, 3]));
  assert.deepEqual(await client.echo(request, { namespace: 'ns1' }), request);
  assert.equal(record.contexts[0]?.scope().namespace, 'ns1');
  assert.deepEqual(await client.echo(probe('')), probe(''));
  assert.throws(() => record.contexts[1]?.scope(), kind('failed-precondition', /namespace is required/));
});

test('many calls run at once over one connection', async (t) => {
  const { client } = serve(t);
  const hanging = client.hang(probe(''), { timeout: 50 });
  const rejected = assert.rejects(hanging, kind('deadline-exceeded'));
  const words = Array.from({ length: 500 }, (_, index) => `w${index}`);
  const answers = await Promise.all(words.map((word) => client.echo(probe(word))));
  assert.deepEqual(
    answers.map(({ typeUrl }) => typeUrl),
    words,
  );
  await rejected;
});

test('all kinds of streaming work', async (t) => {
  const { client } = serve(t);
  let seen = 0;
  for await (const { typeUrl } of client.count(probe('300', new Uint8Array(10_000)))) {
    assert.equal(typeUrl, String(seen++));
  }
  assert.equal(seen, 300);
  async function* requests() {
    for (let index = 0; index < 300; index++) yield probe('', new Uint8Array(10_000));
  }
  assert.equal((await client.sum(requests())).typeUrl, '3000000');
  const chat = new MessageQueue<ReturnType<typeof probe>>();
  const responses = client.chat(chat);
  for (const word of ['a', 'b', 'c']) {
    chat.push(probe(word));
    assert.equal((await responses.next()).value?.typeUrl, word);
  }
  chat.end();
  assert.equal((await responses.next()).done, true);
});

test('an empty message in a stream is a message', async (t) => {
  const { client } = serve(t);
  async function* requests() {
    yield probe('');
    yield probe('');
  }
  const answers = [];
  for await (const answer of client.chat(requests())) answers.push(answer);
  assert.deepEqual(answers, [probe(''), probe('')]);
});

test('errors keep their kind', async (t) => {
  const { client, transport } = serve(t, () => {
    throw new KindError('not-modified', 'thing "ü"');
  });
  await assert.rejects(client.fail(probe('')), kind('not-modified', /^thing "ü": not modified$/));
  await assert.rejects(client.missing(probe('')), kind('unimplemented', /method Missing/));
  const other = rpcClient(transport, { ...probeDefinition, fullName: 'test.v1.Other' });
  await assert.rejects(other.echo(probe('')), kind('unimplemented', /unknown service test.v1.Other/));
  const requests = new MessageQueue<ReturnType<typeof probe>>();
  requests.push(probe('fail'));
  await assert.rejects(client.chat(requests).next(), kind('not-modified'));
});

test('4 MiB is the limit, for both sides', async (t) => {
  const { client } = serve(t);
  const value = new Uint8Array((4 << 20) - 100);
  assert.equal((await client.echo(probe('', value))).value.length, value.length);
  await assert.rejects(client.echo(probe('', new Uint8Array(4 << 20))), kind('resource-exhausted', /trying to send/));
  const half = new Uint8Array((2 << 20) + 10);
  await assert.rejects(client.echo(probe('double', half)), kind('resource-exhausted', /trying to send/));
  assert.equal((await client.echo(probe('alive'))).typeUrl, 'alive');
});

test('the end of the connection ends calls on both sides', async (t) => {
  const { client, transport, record } = serve(t);
  const rejected = assert.rejects(client.hang(probe('')), kind('unavailable'));
  await client.echo(probe(''));
  transport[Symbol.dispose]();
  await rejected;
  assert.equal(await transport.closed, undefined);
  const reason = await record.hung.promise;
  assert.ok(reason instanceof KindError && reason.kind === 'canceled');
  await assert.rejects(client.echo(probe('')), kind('unavailable'));
});

test('a server that closes says so', async (t) => {
  const { client, server, transport } = serve(t);
  const rejected = assert.rejects(client.hang(probe('')), kind('unavailable', /shutting down/));
  await client.echo(probe(''));
  await server[Symbol.asyncDispose]();
  await rejected;
  await transport.closed;
});

test('a caller that gives up hears at once', async (t) => {
  const { client } = serve(t);
  const controller = new AbortController();
  const rejected = assert.rejects(client.hang(probe(''), { signal: controller.signal }), kind('canceled'));
  controller.abort();
  await rejected;
  await assert.rejects(client.hang(probe(''), { signal: controller.signal }), kind('canceled'));
});

test('the server answers when the deadline passes', async (t) => {
  const { server, record } = serve(t);
  const raw = new RawClient(server);
  raw.request(1, 'Hang', { timeoutNano: 5_000_000n });
  const { code, message } = await raw.response(1);
  assert.equal(code, 4);
  assert.match(message, /context deadline exceeded$/);
  const reason = await record.hung.promise;
  assert.ok(reason instanceof KindError && reason.kind === 'deadline-exceeded');
});

test('stream ids must be odd and rise', async (t) => {
  const { server } = serve(t);
  const raw = new RawClient(server);
  raw.request(2, 'Echo');
  assert.equal((await raw.response(2)).code, 3);
  raw.request(5, 'Echo');
  assert.equal((await raw.response(5)).code, 0);
  raw.request(5, 'Echo');
  assert.equal((await raw.response(5)).code, 3);
  raw.request(3, 'Echo');
  assert.equal((await raw.response(3)).code, 3);
  raw.send({ stream: 7, type: frameType.data, flags: 0 });
  assert.equal((await raw.response(7)).code, 3);
  raw.request(9, 'Echo');
  assert.equal((await raw.response(9)).code, 0);
});

test('an oversized frame is passed over and refused', async (t) => {
  const { server } = serve(t);
  const raw = new RawClient(server);
  const length = (4 << 20) + 1;
  const bytes = new Uint8Array(10 + length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set([0, 0, 0, 1, frameType.request, 0], 4);
  raw.sendBytes(bytes);
  assert.equal((await raw.response(1)).code, 8);
  raw.request(3, 'Echo', { payload: new Uint8Array([10, 1, 97]) });
  assert.deepEqual((await raw.response(3)).payload, new Uint8Array([10, 1, 97]));
});

test('a stream of responses ends with a data frame that closes', async (t) => {
  const { server } = serve(t);
  const raw = new RawClient(server);
  raw.request(1, 'Count', { payload: new Uint8Array([10, 1, 0x32]) }, frameFlag.remoteClosed);
  assert.deepEqual({ ...(await raw.next()), payload: null }, { stream: 1, type: 3, flags: 0, payload: null });
  assert.deepEqual({ ...(await raw.next()), payload: null }, { stream: 1, type: 3, flags: 0, payload: null });
  const end = await raw.next();
  assert.equal(end.type, frameType.data);
  assert.equal(end.flags, frameFlag.remoteClosed | frameFlag.noData);
});

test('what is malformed is refused and spares the connection', async (t) => {
  const { server } = serve(t);
  const raw = new RawClient(server);
  raw.send({ stream: 1, type: frameType.request, flags: 0 }, new Uint8Array([10, 200]));
  assert.equal((await raw.response(1)).code, 3);
  raw.request(3, 'Echo', { payload: new Uint8Array([10, 200]) });
  assert.equal((await raw.response(3)).code, 3);
  raw.request(5, 'Chat', {}, frameFlag.remoteOpen);
  raw.send({ stream: 5, type: frameType.data, flags: 0 }, new Uint8Array([10, 200]));
  assert.equal((await raw.response(5)).code, 3);
  raw.send({ stream: 7, type: 77, flags: 0 });
  raw.request(9, 'Echo');
  assert.equal((await raw.response(9)).code, 0);
});

test('a slow reader holds the peer up, and all arrives', async (t) => {
  const { client, record } = serve(t);
  const stream = client.count(probe('400', new Uint8Array(20_000)));
  await stream.next();
  await client.echo(probe('')).catch(() => undefined);
  assert.ok(record.made < 400, `${record.made} made`);
  let seen = 1;
  while ((await stream.next()).done !== true) seen++;
  assert.equal(seen, 400);
});
