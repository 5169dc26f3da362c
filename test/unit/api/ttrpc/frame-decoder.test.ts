import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameDecoder } from '../../../../api/ttrpc/frame-decoder.ts';
import { encodeFrame, maxFramePayload, type Frame } from '../../../../api/ttrpc/frame.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';

type Event = Frame | { readonly oversized: number; readonly stream: number };

function decode(chunks: readonly Uint8Array[]): Event[] {
  const events: Event[] = [];
  const decoder = new FrameDecoder({
    frame: (frame) => events.push(frame),
    oversized: ({ stream }, length) => events.push({ oversized: length, stream }),
  });
  for (const chunk of chunks) decoder.push(chunk);
  return events;
}

/** Cuts bytes at the given places (fractions of the whole). */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const positions = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  const edges = [0, ...positions, bytes.length];
  return edges.slice(1).map((end, index) => bytes.slice(edges[index], end));
}

const frames = fc.array(
  fc.record(
    {
      stream: fc.nat({ max: 2 ** 32 - 1 }),
      type: fc.nat({ max: 255 }),
      flags: fc.nat({ max: 255 }),
      payload: fc.uint8Array({ maxLength: 300 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 20 },
);
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });

function encode(frame: Frame): Uint8Array {
  return encodeFrame(frame, (writer) => writer.raw(frame.payload));
}

test('frames come out as they went in, however they are chunked', () => {
  fc.assert(
    fc.property(frames, places, (sent, cuts) => {
      const bytes = new Uint8Array(Buffer.concat(sent.map(encode)));
      assert.deepEqual(decode(cut(bytes, cuts)), sent);
    }),
  );
});

test('an oversized frame is told once and passed over, however it is chunked', () => {
  fc.assert(
    fc.property(places, (cuts) => {
      const length = maxFramePayload + 1;
      const oversized = new Uint8Array(10 + length);
      new DataView(oversized.buffer).setUint32(0, length);
      oversized[7] = 9;
      const after = { stream: 11, type: 1, flags: 0, payload: new Uint8Array([1]) };
      const bytes = new Uint8Array(Buffer.concat([oversized, encode(after)]));
      assert.deepEqual(decode(cut(bytes, cuts)), [{ oversized: length, stream: 9 }, after]);
    }),
    { numRuns: 20 },
  );
});

test('any bytes at all are survived', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => void decode(chunks)));
});

test('a small frame does not keep a large chunk in memory', () => {
  const small = encode({ stream: 1, type: 1, flags: 0, payload: new Uint8Array(10) });
  const chunk = new Uint8Array(1 << 16);
  chunk.set(small);
  const [frame] = decode([chunk.subarray(0, small.length)]);
  assert.ok(frame !== undefined && 'payload' in frame);
  assert.ok(frame.payload.buffer.byteLength < 100);
});

test('the sender refuses a payload over the limit', () => {
  const head = { stream: 1, type: 1, flags: 0 };
  assert.equal(encodeFrame(head, (writer) => writer.raw(new Uint8Array(maxFramePayload))).length, maxFramePayload + 10);
  assert.throws(
    () => encodeFrame(head, (writer) => writer.raw(new Uint8Array(maxFramePayload + 1))),
    (error) => error instanceof KindError && error.kind === 'resource-exhausted',
  );
});

test('after the end nothing comes out, not even the rest of what had begun', () => {
  const streams: number[] = [];
  const decoder = new FrameDecoder({
    frame({ stream }) {
      streams.push(stream);
      if (stream === 2) decoder.end();
    },
    oversized: () => assert.fail('none is'),
  });
  const bytes = [1, 2, 3].map((stream) => encode({ stream, type: 1, flags: 0, payload: new Uint8Array(8) }));
  decoder.push(new Uint8Array(Buffer.concat(bytes)));
  decoder.push(bytes[0] ?? new Uint8Array());
  assert.deepEqual(streams, [1, 2]);
});
