import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BootstrapResult } from '../../../../api/gen/containerd/runtime/bootstrap/v1/bootstrap.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';
import { bootstrapJson, parseBootstrapReply, parseBootstrapText } from '../../../../services/tasks/bootstrap-reply.ts';

const address = 'unix:///run/containerd/s/0123';
const bytes = (text: string): Uint8Array => Buffer.from(text);
const binary = (fields: Partial<BootstrapResult>): Uint8Array =>
  BootstrapResult.encode(BootstrapResult.fromPartial(fields)).finish();

test('the three forms of a reply are told apart', () => {
  const expected = { version: 3, address, protocol: 'ttrpc' };
  assert.deepEqual(parseBootstrapReply(binary(expected)), expected);
  assert.deepEqual(parseBootstrapReply(binary({ version: 3, address })), expected);
  assert.deepEqual(parseBootstrapReply(bytes(`${bootstrapJson(expected)}\n`)), expected);
  assert.deepEqual(parseBootstrapReply(bytes(`${address}\n`)), { ...expected, version: 2 });
  assert.deepEqual(parseBootstrapText(bootstrapJson(expected)), expected);
});

test('white space at the ends of a binary reply belongs to it', () => {
  // A tag of 0x0a is a newline, and so may the last byte be.
  const reply = binary({ version: 2, address, metadata: new Map([['k', 'v\n']]) });
  assert.equal(parseBootstrapReply(reply).address, address);
});

test('any printable address is read as itself', () => {
  const name = fc.stringMatching(/^[!-z]{1,100}$/);
  fc.assert(fc.property(name, (rest) => parseBootstrapReply(bytes(`unix:///${rest}`)).address === `unix:///${rest}`));
});

test('nonsense is a typed error or an address without white space, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (output) => {
      try {
        const reply = parseBootstrapReply(output);
        return reply.address.length <= 512 && !/\s/.test(reply.address) && reply.version >= 2 && reply.version <= 3;
      } catch (error) {
        return error instanceof KindError;
      }
    }),
    // White space that is more than a byte.
    { examples: [[Uint8Array.of(0, 0xc2, 0xa0, 0x21)], [Buffer.from('unix:///a\u2028b')]] },
  );
});

test('an empty reply, an empty address and a version from the future are refused', () => {
  assert.throws(() => parseBootstrapReply(new Uint8Array()), /unavailable$/);
  assert.throws(() => parseBootstrapReply(binary({ version: 3 })), /unavailable$/);
  assert.throws(() => parseBootstrapReply(binary({ version: 4, address })), /not implemented$/);
  assert.throws(() => parseBootstrapReply(bytes('{"version":4,"address":"x"}')), /not implemented$/);
});
