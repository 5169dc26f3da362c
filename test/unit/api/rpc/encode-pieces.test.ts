import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container, ListContainersResponse } from '../../../../api/gen/containerd/services/containers/v1/containers.ts';
import { WriteContentRequest } from '../../../../api/gen/containerd/services/content/v1/content.ts';
import { Any } from '../../../../api/gen/google/protobuf/any.ts';
import { ContainerCreate } from '../../../../api/gen/containerd/events/events.ts';
import { ContainerCreate_Runtime } from '../../../../api/gen/containerd/events/events.ts';
import { encodePieces } from '../../../../api/rpc/encode-pieces.ts';

const long = new Uint8Array(100_000).map((_, index) => index);

function request(data: Uint8Array): WriteContentRequest {
  const labels = new Map([['containerd.io/gc.root', 'now']]);
  return WriteContentRequest.fromPartial({ ref: 'r', total: 5n, expected: 'sha256:e', offset: 300n, data, labels });
}

test('a long field is a piece of its own, in the place where it belongs', () => {
  const message = request(long);
  const pieces = encodePieces(WriteContentRequest, message);
  assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), WriteContentRequest.encode(message).finish());
  assert.equal(pieces.length, 3);
  assert.equal(pieces[1], long);
});

test('a field at the end leaves no empty piece behind it', () => {
  const message = { typeUrl: 'long', value: long };
  const pieces = encodePieces(Any, message);
  assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), Any.encode(message).finish());
  assert.equal(pieces.length, 2);
});

test('a short message is one piece', () => {
  const message = request(long.subarray(0, 1000));
  const pieces = encodePieces(WriteContentRequest, message);
  assert.deepEqual(pieces, [WriteContentRequest.encode(message).finish()]);
});

test('a long field of a message within the message counts in the length of that', () => {
  const runtime = ContainerCreate_Runtime.fromPartial({ name: 'r', options: { typeUrl: 'long', value: long } });
  const message = ContainerCreate.fromPartial({ id: 'c', image: 'i', runtime });
  const pieces = encodePieces(ContainerCreate, message);
  assert.deepEqual(pieces, [ContainerCreate.encode(message).finish()]);
});

test('a long list of messages is several pieces, none much larger than others', () => {
  const containers = Array.from({ length: 100 }, (_, number) =>
    Container.fromPartial({
      id: `c-${String(number)}`,
      spec: { typeUrl: 'spec', value: long.subarray(0, 10_000 + number) },
    }),
  );
  const message = { containers };
  const pieces = encodePieces(ListContainersResponse, message);
  assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), ListContainersResponse.encode(message).finish());
  assert.equal(pieces.length, 4);
});

test('a codec that takes no writer is served as well', () => {
  const codec = { encode: () => ({ finish: () => long }), decode: () => undefined };
  assert.deepEqual(encodePieces(codec, undefined), [long]);
});
