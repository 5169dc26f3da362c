// Requests that are wrong below the level of services, by hand: what real clients never send.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Request, Response } from '../../../api/gen/ttrpc/request.ts';
import { FrameDecoder } from '../../../api/ttrpc/frame-decoder.ts';
import { encodeFrame, frameFlag, frameType, type Frame } from '../../../api/ttrpc/frame.ts';
import { DaemonCalls } from '../../lab/daemon-calls.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';

/** A gRPC message with a header that may lie. */
function message(body: Uint8Array, { flag = 0, length = body.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

interface RawAnswer {
  readonly http: number;
  /** The gRPC status; undefined when there was none. */
  readonly status: number | undefined;
}

/** One request over HTTP/2, whatever it holds, to its end. */
async function request(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<RawAnswer> {
  const stream = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers });
  let http = 0;
  let status: number | undefined;
  const note = (given: Record<string, unknown>): void => {
    if (typeof given['grpc-status'] === 'string') status = Number(given['grpc-status']);
  };
  stream.on('response', (given) => {
    http = Number(given[':status']);
    note(given);
  });
  stream.on('trailers', note);
  stream.on('error', () => undefined);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.resume();
  stream.end(body);
  await closed;
  return { http, status };
}

const version = '/containerd.services.version.v1.Version/Version';
const images = '/containerd.services.images.v1.Images/Get';
const ok = { http: 200, status: 0 };

/** With what both answer; the second, if there is one, is Gantry's where it differs on purpose. */
const requests: readonly {
  readonly title: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly answers: readonly [theirs: RawAnswer, ours?: RawAnswer];
}[] = [
  { title: 'what is right', headers: { ':path': version }, body: message(new Uint8Array()), answers: [ok] },
  {
    title: 'malformed protobuf',
    headers: { ':path': images },
    body: message(Buffer.of(0x0a, 0x7f, 1)),
    answers: [{ http: 200, status: 13 }],
  },
  {
    title: 'random bytes',
    headers: { ':path': images },
    body: message(Buffer.alloc(1000, 0xff)),
    answers: [{ http: 200, status: 13 }],
  },
  {
    title: 'a compressed message',
    headers: { ':path': version },
    body: message(Buffer.alloc(10), { flag: 1 }),
    answers: [
      { http: 200, status: 13 },
      { http: 200, status: 12 },
    ],
  },
  {
    title: 'an unknown flag',
    headers: { ':path': version },
    body: message(Buffer.alloc(10), { flag: 7 }),
    answers: [
      { http: 200, status: 13 },
      { http: 200, status: 12 },
    ],
  },
  {
    title: 'a message over the limit',
    headers: { ':path': version },
    body: message(Buffer.alloc(100), { length: 2 ** 32 - 1 }),
    answers: [{ http: 200, status: 8 }],
  },
  {
    title: 'a message that is cut',
    headers: { ':path': version },
    body: message(Buffer.alloc(10), { length: 100 }),
    answers: [
      { http: 200, status: 2 },
      { http: 200, status: 13 },
    ],
  },
  {
    title: 'no message',
    headers: { ':path': version },
    body: new Uint8Array(),
    answers: [
      { http: 200, status: 2 },
      { http: 200, status: 13 },
    ],
  },
  {
    title: 'two messages',
    headers: { ':path': version },
    body: Buffer.concat([message(new Uint8Array()), message(new Uint8Array())]),
    answers: [ok, { http: 200, status: 13 }],
  },
  {
    title: 'an unknown service',
    headers: { ':path': '/no.such.Service/Method' },
    body: message(new Uint8Array()),
    answers: [{ http: 200, status: 12 }],
  },
  {
    title: 'an unknown method',
    headers: { ':path': '/containerd.services.version.v1.Version/No' },
    body: message(new Uint8Array()),
    answers: [{ http: 200, status: 12 }],
  },
  {
    title: 'another content type',
    headers: { ':path': version, 'content-type': 'text/plain' },
    body: message(new Uint8Array()),
    answers: [{ http: 415, status: 3 }],
  },
  {
    title: 'another method',
    headers: { ':path': version, ':method': 'PUT' },
    body: message(new Uint8Array()),
    answers: [{ http: 405, status: 13 }],
  },
  {
    title: 'a malformed timeout',
    headers: { ':path': version, 'grpc-timeout': 'soon' },
    body: message(new Uint8Array()),
    answers: [{ http: 400, status: 13 }],
  },
  {
    title: 'a timeout of nothing',
    headers: { ':path': version, 'grpc-timeout': '0n' },
    body: message(new Uint8Array()),
    answers: [{ http: 200, status: 4 }],
  },
];

/** Frames by hand; `answers` waits for so many frames, or for the end of the connection. */
class RawTtrpc implements Disposable {
  readonly #socket;
  readonly #frames: Frame[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(address: string) {
    this.#socket = connect(address);
    const decoder = new FrameDecoder({
      frame: (frame) => {
        this.#frames.push(frame);
        this.#wake.resolve();
      },
      oversized: () => undefined,
    });
    this.#socket.on('data', (chunk: Buffer) => decoder.push(chunk));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake.resolve();
    });
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The status codes of the next answers, by stream. */
  async answers(count: number): Promise<[stream: number, code: number][]> {
    while (this.#frames.length < count && !this.#ended) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
    return this.#frames.splice(0).map(({ stream, payload }) => [stream, Response.decode(payload).status?.code ?? 0]);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function call(stream: number, service: string, payload: Uint8Array, flags = 0): Uint8Array {
  const given = Request.fromPartial({ service, method: 'Forward', payload });
  return encodeFrame({ stream, type: frameType.request, flags }, (writer) => Request.encode(given, writer));
}

const events = 'containerd.services.events.ttrpc.v1.Events';

for (const kind of ['2.1.9', 'gantry'] as const) {
  describe(`wrong frames to ${kind}`, () => {
    let daemon: DaemonUnderTest;
    let calls: DaemonCalls;
    let session: ClientHttp2Session;
    before(async () => {
      daemon = await DaemonUnderTest.start({ kind });
      calls = new DaemonCalls(daemon);
      session = connectHttp2('http://localhost', { createConnection: () => connect(daemon.address) });
      session.on('error', () => undefined);
    });
    after(async () => {
      session.destroy();
      await calls[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    for (const { title, headers, body, answers } of requests) {
      test(`gRPC: ${title}`, async () => {
        const [theirs, ours = theirs] = answers;
        assert.deepEqual(await request(session, headers, body), kind === 'gantry' ? ours : theirs);
        // The connection is good for the next call.
        assert.deepEqual(await request(session, { ':path': version }, message(new Uint8Array())), ok);
      });
    }

    test('ttrpc: each wrong frame gets its error, and the connection goes on', async () => {
      using raw = new RawTtrpc(daemon.ttrpcAddress);
      raw.send(call(1, 'no.such.Service', new Uint8Array()));
      assert.deepEqual(await raw.answers(1), [[1, 12]]);
      raw.send(call(3, events, Buffer.of(0x0a, 0x7f, 1)));
      // Go's server tells its own mistakes and the client's apart no further.
      assert.deepEqual(await raw.answers(1), [[3, kind === 'gantry' ? 3 : 13]]);
      raw.send(
        encodeFrame({ stream: 5, type: frameType.request, flags: 0 }, (writer) => writer.raw(Buffer.of(0x0a, 0x7f))),
      );
      assert.deepEqual(await raw.answers(1), [[5, 3]]);
      // Ids of clients are odd and rise.
      raw.send(call(8, events, new Uint8Array()));
      assert.deepEqual(await raw.answers(1), [[8, 3]]);
      raw.send(call(1, events, new Uint8Array()));
      assert.deepEqual(await raw.answers(1), [[1, 3]]);
      const oversized = Buffer.alloc(10 + (5 << 20));
      oversized.writeUInt32BE(5 << 20);
      oversized.writeUInt32BE(11, 4);
      oversized.writeUInt8(frameType.request, 8);
      raw.send(oversized);
      assert.deepEqual(await raw.answers(1), [[11, 8]]);
      raw.send(call(13, 'no.such.Service', new Uint8Array(), frameFlag.remoteOpen));
      assert.deepEqual(await raw.answers(1), [[13, 12]]);
    });

    test('ttrpc: clients that leave in the middle of a frame or talk nonsense hold nobody up', async () => {
      for (let client = 0; client < 50; client++) {
        using raw = new RawTtrpc(daemon.ttrpcAddress);
        const frame = call(1, events, new Uint8Array(1000));
        raw.send(client % 2 === 0 ? frame.subarray(0, client * 10) : randomBytes(client * 1000));
        await calls.version.version({});
      }
      using raw = new RawTtrpc(daemon.ttrpcAddress);
      raw.send(call(1, 'no.such.Service', new Uint8Array()));
      assert.deepEqual(await raw.answers(1), [[1, 12]]);
    });
  });
}
