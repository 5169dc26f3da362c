import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageParser } from '../../../../api/grpc/message-parser.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';

function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

test('messages come out as they went in, however they are chunked', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(messages, sizes, (sent, chunkSizes) => {
      const bytes = Buffer.concat(sent.map(frame));
      const received: Uint8Array[] = [];
      const parser = new MessageParser(200, (message) => received.push(message));
      for (let position = 0, turn = 0; position < bytes.length; turn++) {
        const size = chunkSizes[turn % chunkSizes.length] ?? 1;
        parser.push(bytes.subarray(position, position + size));
        position += size;
      }
      assert.deepEqual(received, sent);
      assert.equal(parser.partial, false);
    }),
  );
});

test('a message over the limit is refused before it is taken in', () => {
  const parser = new MessageParser(10, () => assert.fail('no message'));
  assert.throws(
    () => parser.push(new Uint8Array([0, 0, 0, 0, 11])),
    (error) => error instanceof KindError && error.kind === 'resource-exhausted',
  );
});
