import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Data, WindowUpdate } from '../../../../api/gen/containerd/types/transfer/transfer.ts';
import type { Any } from '../../../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { ByteSink } from '../../../../services/streaming/byte-sink.ts';
import { packAny } from '../../../../api/any/pack-any.ts';
import { unpackAny } from '../../../../api/any/unpack-any.ts';
import { receiveBytes } from '../../../../services/streaming/receive-bytes.ts';
import { RpcStream } from '../../../../services/streaming/rpc-stream.ts';
import { Streams } from '../../../../services/streaming/streams.ts';

const dataName = 'containerd.types.transfer.Data';
const windowName = 'containerd.types.transfer.WindowUpdate';
const window = (update: number): Any => packAny(windowName, WindowUpdate, { update });
const data = (text: string): Any => packAny(dataName, Data, { data: Buffer.from(text) });

/** A client: what it sends is given at once, then its side stays open until `leave` or ends with `half`. */
function client(messages: readonly Any[], half = false) {
  const controller = new AbortController();
  const gone = Promise.withResolvers<void>();
  const requests = async function* (): AsyncGenerator<Any> {
    yield* messages;
    if (!half) await gone.promise;
  };
  const stream = new RpcStream(requests(), controller.signal);
  const leave = (): void => {
    controller.abort(new KindError('canceled', 'client'));
    gone.resolve();
  };
  return { stream, leave };
}

test('streams are kept by namespace and id until they are let go', () => {
  const streams = new Streams();
  const { stream } = client([]);
  const registration = streams.register({ namespace: 'a' }, 'x', stream);
  assert.equal(streams.get({ namespace: 'a' }, 'x'), stream);
  assert.throws(() => streams.get({ namespace: 'b' }, 'x'), /stream "x": not found/);
  assert.throws(() => streams.register({ namespace: 'a' }, 'x', stream), /already exists/);
  assert.throws(() => streams.register({ namespace: 'a' }, '', stream), /invalid argument/);
  registration[Symbol.dispose]();
  assert.throws(() => streams.get({ namespace: 'a' }, 'x'), /not found/);
});

test('what was sent before the close is given out, then the stream ends', async () => {
  const { stream } = client([]);
  void stream.send(data('1'));
  void stream.send(data('2'));
  stream.close();
  const out: string[] = [];
  for await (const message of stream.outgoing())
    out.push(Buffer.from(unpackAny(message, dataName, Data).data).toString());
  assert.deepEqual(
    out,
    ['1', '2'].map((text) => String(Buffer.from(text))),
  );
  await assert.rejects(stream.send(data('3')), /stream is closed/);
});

test('a client that leaves fails who waits for it', async () => {
  const { stream, leave } = client([]);
  const receiving = stream.receive();
  const sending = stream.send(data('1'));
  leave();
  await assert.rejects(receiving, /client: context canceled/);
  await assert.rejects(sending, /client: context canceled/);
});

test('a sink sends no more than the window and no more than 32 KiB at once', async () => {
  const { stream, leave } = client([window(40_000)]);
  const sink = new ByteSink(stream);
  const writing = sink.write(Buffer.alloc(50_000));
  const outgoing = stream.outgoing();
  const sizes: number[] = [];
  for (let count = 0; count < 2; count++) {
    const { value } = await outgoing.next();
    sizes.push(unpackAny(value ?? undefined, dataName, Data).data.length);
  }
  assert.deepEqual(sizes, [32_768, 40_000 - 32_768]);
  leave();
  await assert.rejects(writing, /client: context canceled/);
});

test('received bytes come in order until the sender ends', async () => {
  const { stream } = client([data('a'), data('b')], true);
  const granted = stream.outgoing().next();
  const pieces: string[] = [];
  for await (const piece of receiveBytes(stream)) pieces.push(Buffer.from(piece).toString());
  assert.deepEqual(pieces, ['a', 'b']);
  assert.equal(unpackAny((await granted).value ?? undefined, windowName, WindowUpdate).update, 1 << 20);
});

test('a sender that sends more than it was granted is cut off', async () => {
  const { stream } = client([packAny(dataName, Data, { data: Buffer.alloc(2 << 20) })], true);
  void stream.outgoing().next();
  await assert.rejects(async () => {
    for await (const piece of receiveBytes(stream)) assert.ok(piece.length > 0);
  });
});
