import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2, constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { GrpcClient } from '../../../../api/grpc/grpc-client.ts';
import { GrpcServer } from '../../../../api/grpc/grpc-server.ts';
import { rpcClient, type RpcClient } from '../../../../api/rpc/rpc-client.ts';
import { listenUnix } from '../../../../api/transport/listen-unix.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { MessageQueue } from '../../../../api/rpc/message-queue.ts';
import { probe, probeDefinition, probeService, type ProbeRecord } from '../probe-service.ts';

interface Fixture {
  path: string;
  server: GrpcServer;
  transport: GrpcClient;
  client: RpcClient<typeof probeDefinition>;
  record: ProbeRecord;
}

async function serve(t: TestContext, fail?: () => never): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-grpc-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 's');
  const { service, record } = probeService(fail);
  const server = new GrpcServer([service], { closeTimeout: 10 });
  const listener = await listenUnix({ path }, (socket) => server.serve(socket));
  const transport = new GrpcClient(() => connect(path));
  t.after(async () => {
    await transport[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  return { path, server, transport, client: rpcClient(transport, probeDefinition), record };
}

function kind(expected: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KindError, String(error));
    assert.equal(error.kind, expected, error.message);
    if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}

test('a unary call carries its message, namespace and lease', async (t) => {
  const { client, record } = await serve(t);
  const request = probe('word', new Uint8Array([1, 2, 3]));
  assert.deepEqual(await client.echo(request, { namespace: 'ns1', lease: 'l1', metadata: { other: 'x' } }), request);
  const context = record.contexts[0];
  assert.equal(context?.method, '/test.v1.Probe/Echo');
  assert.equal(context.scope().namespace, 'ns1');
  assert.equal(context.scope().lease, 'l1');
});

test('an empty message is a message', async (t) => {
  const { client } = await serve(t);
  assert.deepEqual(await client.echo(probe('')), probe(''));
});

test('a call without a namespace has no scope', async (t) => {
  const { client, record } = await serve(t);
  await client.echo(probe(''));
  await client.echo(probe(''), { namespace: 'not/valid' });
  assert.throws(() => record.contexts[0]?.scope(), kind('failed-precondition', /namespace is required/));
  assert.throws(() => record.contexts[1]?.scope(), kind('invalid-argument', /"not\/valid"/));
});

test('a message of 16 MiB passes both ways and one more byte does not', async (t) => {
  const { client } = await serve(t);
  const value = new Uint8Array((16 << 20) - 5).fill(7);
  const answer = await client.echo(probe('', value));
  assert.equal(Buffer.compare(answer.value, value), 0);
  await assert.rejects(client.echo(probe('', new Uint8Array(16 << 20))), kind('resource-exhausted', /trying to send/));
  await assert.rejects(client.echo(probe('x'.repeat(20 << 20))), kind('resource-exhausted'));
});

test('a peer that sends more than 16 MiB is refused', async (t) => {
  const { path } = await serve(t);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  t.after(() => session.destroy());
  const stream = session.request(post('Echo'));
  const header = Buffer.alloc(5);
  header.writeUInt32BE((16 << 20) + 1, 1);
  stream.write(header);
  const { headers } = await outcome(stream);
  assert.equal(headers['grpc-status'], '8');
  assert.match(String(headers['grpc-message']), /16777217/);
});

test('an answer over the limit becomes resource-exhausted', async (t) => {
  const { client } = await serve(t);
  const half = new Uint8Array((8 << 20) + 1);
  await assert.rejects(client.echo(probe('double', half)), kind('resource-exhausted', /trying to send .*167772/));
});

test('what a handler throws becomes its status', async (t) => {
  const errors: unknown[] = [
    new KindError('not-found', 'image "a"'),
    new KindError('conflict', 'image "ü%\n"'),
    new Error('plain'),
    'a string',
    new KindError('internal', 'ü'.repeat(100_000)),
  ];
  let next = 0;
  const { client } = await serve(t, () => {
    throw errors[next++];
  });
  await assert.rejects(client.fail(probe('')), kind('not-found', /^image "a": not found$/));
  await assert.rejects(client.fail(probe('')), kind('conflict', /^image "ü%\n": conflict$/));
  await assert.rejects(client.fail(probe('')), kind('unknown', /^plain$/));
  await assert.rejects(client.fail(probe('')), kind('unknown', /^a string$/));
  await assert.rejects(client.fail(probe('')), kind('internal', /^ü+ \.\.\. .*ü: internal$/));
});

test('what is not served is named', async (t) => {
  const { client, transport } = await serve(t);
  await assert.rejects(client.missing(probe('')), kind('unimplemented', /method Missing for service test.v1.Probe/));
  const other = rpcClient(transport, { ...probeDefinition, fullName: 'test.v1.Other' });
  await assert.rejects(other.echo(probe('')), kind('unimplemented', /unknown service test.v1.Other/));
});

test('a server stream arrives whole and in order, and waits for a slow reader', async (t) => {
  const { client, record } = await serve(t);
  const size = 64 << 10;
  const stream = client.count(probe('1000', new Uint8Array(size)));
  let seen = 0;
  let lead = 0;
  for await (const { typeUrl } of stream) {
    assert.equal(typeUrl, String(seen++));
    lead = Math.max(lead, record.made - seen);
  }
  assert.equal(seen, 1000);
  assert.ok(lead * size < 16 << 20, `the server was ${lead} messages ahead`);
});

test('leaving a stream early closes its generator', async (t) => {
  const { client, record } = await serve(t);
  for await (const { typeUrl } of client.count(probe('1000000', new Uint8Array(1000)))) {
    if (typeUrl === '10') break;
  }
  await record.returned.promise;
  assert.ok(record.made < 1_000_000);
});

test('a client stream is read to its end', async (t) => {
  const { client } = await serve(t);
  async function* requests() {
    for (let index = 0; index < 100; index++) yield probe('', new Uint8Array(100_000));
  }
  assert.equal((await client.sum(requests())).typeUrl, '10000000');
});

test('a bidirectional stream alternates, and its headers come before any message', async (t) => {
  const { client } = await serve(t);
  const requests = new MessageQueue<ReturnType<typeof probe>>();
  const headers = Promise.withResolvers<void>();
  const responses = client.chat(requests, { onHeaders: headers.resolve });
  await headers.promise;
  for (const word of ['a', 'b', 'c']) {
    requests.push(probe(word));
    assert.equal((await responses.next()).value?.typeUrl, word);
  }
  requests.end();
  assert.equal((await responses.next()).done, true);
});

test('a handler that ends early is heard while the client still sends', async (t) => {
  const { client } = await serve(t, () => {
    throw new KindError('aborted', 'enough');
  });
  const stopped = new MessageQueue<ReturnType<typeof probe>>();
  stopped.push(probe('stop'));
  const first = client.chat(stopped);
  assert.equal((await first.next()).done, true);
  const failed = new MessageQueue<ReturnType<typeof probe>>();
  failed.push(probe('fail'));
  await assert.rejects(client.chat(failed).next(), kind('aborted', /^enough: aborted$/));
});

test('a deadline ends the call on both sides, with a reason', async (t) => {
  const { client, record } = await serve(t);
  await assert.rejects(client.hang(probe(''), { timeout: 1000 }), kind('deadline-exceeded'));
  const reason = await record.hung.promise;
  assert.ok(reason instanceof KindError);
  assert.ok(reason.kind === 'deadline-exceeded' || reason.kind === 'canceled');
});

test('the server itself answers a call whose deadline has passed', async (t) => {
  const { path, record } = await serve(t);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  t.after(() => session.destroy());
  const stream = session.request({ ...post('Hang'), 'grpc-timeout': '1S' });
  stream.end(Buffer.alloc(5));
  const { headers } = await outcome(stream);
  assert.equal(headers['grpc-status'], '4');
  assert.match(String(headers['grpc-message']), /context deadline exceeded$/);
  assert.equal(kindOfReason(await record.hung.promise), 'deadline-exceeded');
});

test('a caller that gives up frees the handler', async (t) => {
  const { client, record } = await serve(t);
  const controller = new AbortController();
  const call = client.hang(probe(''), { signal: controller.signal });
  await client.echo(probe('')); // the call before it has reached the server
  controller.abort(new KindError('aborted', 'changed my mind'));
  await assert.rejects(call, kind('aborted', /changed my mind/));
  assert.equal(kindOfReason(await record.hung.promise), 'canceled');
});

test('a lost connection frees the handler', async (t) => {
  const { client, transport, record } = await serve(t);
  const call = client.hang(probe(''));
  await client.echo(probe(''));
  const rejected = assert.rejects(call, kind('unavailable'));
  await transport[Symbol.asyncDispose]();
  await rejected;
  assert.equal(kindOfReason(await record.hung.promise), 'canceled');
});

test('a connection survives thousands of resets', async (t) => {
  const { client } = await serve(t);
  for (let round = 0; round < 12; round++) {
    const streams = Array.from({ length: 100 }, () => client.count(probe('1000000', new Uint8Array(8 << 10))));
    await Promise.all(streams.map((stream) => stream.next()));
    await Promise.all(streams.map(async (stream) => stream.return?.()));
  }
  assert.equal((await client.echo(probe('alive'))).typeUrl, 'alive');
});

test('closing ends what hangs with unavailable and leaves nothing open', async (t) => {
  const { server, client } = await serve(t);
  const calls = [client.hang(probe('')), client.echo(probe('x'))];
  assert.equal((await calls[1])?.typeUrl, 'x');
  const closed = server[Symbol.asyncDispose]();
  await assert.rejects(calls[0] ?? Promise.resolve(), kind('unavailable', /shutting down|GOAWAY|closed/));
  await closed;
  await assert.rejects(client.echo(probe('')), kind('unavailable'));
});

test('what is no gRPC is refused as HTTP', async (t) => {
  const { path } = await serve(t);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  t.after(() => session.destroy());
  const json = session.request({ ...post('Echo'), 'content-type': 'application/json' });
  assert.equal((await outcome(json)).headers[':status'], 415);
  const get = session.request({ ':path': '/', ':method': 'GET' });
  assert.equal((await outcome(get)).headers[':status'], 405);
});

test('malformed requests get a status and spare the connection', async (t) => {
  const { path, client } = await serve(t);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  t.after(() => session.destroy());
  const bodies: [string, Buffer, string][] = [
    ['compressed', Buffer.from([1, 0, 0, 0, 0]), '12'],
    ['no message', Buffer.alloc(0), '13'],
    ['two messages', Buffer.alloc(10), '13'],
    ['half a message', Buffer.from([0, 0, 0, 0, 5, 1]), '13'],
    ['no protobuf', Buffer.from([0, 0, 0, 0, 2, 10, 200]), '13'],
  ];
  for (const [name, body, status] of bodies) {
    const stream = session.request(post('Echo'));
    stream.end(body);
    assert.equal((await outcome(stream)).headers['grpc-status'], status, name);
  }
  assert.equal((await client.echo(probe('alive'))).typeUrl, 'alive');
});

test('any authority will do', async (t) => {
  const { path } = await serve(t);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  t.after(() => session.destroy());
  for (const authority of ['localhost', '%2Frun%2Fcontainerd%2Fcontainerd.sock', 'unix:', 'x:0']) {
    const stream = session.request({ ...post('Echo'), ':authority': authority });
    stream.end(Buffer.alloc(5));
    assert.equal((await outcome(stream)).headers['grpc-status'], '0', authority);
  }
});

test('a peer that speaks no HTTP/2 is dropped', async (t) => {
  const { path, client } = await serve(t);
  const socket = connect(path);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  assert.equal((await client.echo(probe('alive'))).typeUrl, 'alive');
});

test('whatever a peer sends, the server lives on', async (t) => {
  const { path, client } = await serve(t);
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const bytes = fc.uint8Array({ maxLength: 200 });
  const frame = fc
    .tuple(fc.nat({ max: 12 }), fc.nat({ max: 255 }), fc.nat({ max: 9 }), fc.uint8Array({ maxLength: 60 }))
    .map(([type, flags, stream, body]) => Buffer.from([0, 0, body.length, type, flags, 0, 0, 0, stream, ...body]));
  const hostile = fc.oneof(
    bytes.map((garbage) => [Buffer.from(garbage)]),
    bytes.map((garbage) => [preface, Buffer.from(garbage)]),
    fc.array(frame, { maxLength: 10 }).map((frames) => [preface, settings, ...frames]),
  );
  await fc.assert(
    fc.asyncProperty(hostile, fc.boolean(), async (chunks, rude) => {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(Buffer.concat(chunks));
      if (rude) socket.once('connect', () => socket.destroy());
      else socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
      assert.equal((await client.echo(probe('alive'))).typeUrl, 'alive');
    }),
    { numRuns: 300 },
  );
});

function post(method: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': `/test.v1.Probe/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
}

/** The headers and trailers of a raw stream, once it has ended. */
async function outcome(stream: ClientHttp2Stream): Promise<{ headers: Record<string, unknown> }> {
  const headers: Record<string, unknown> = {};
  stream.on('response', (received: IncomingHttpHeaders) => Object.assign(headers, received));
  stream.on('trailers', (received: IncomingHttpHeaders) => Object.assign(headers, received));
  stream.on('error', () => undefined);
  stream.resume();
  await new Promise((resolve) => stream.once('end', resolve));
  stream.close(constants.NGHTTP2_NO_ERROR);
  return { headers };
}

function kindOfReason(reason: unknown): string | undefined {
  return reason instanceof KindError ? reason.kind : undefined;
}
