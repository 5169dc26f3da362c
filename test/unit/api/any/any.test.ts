import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAny } from '../../../../api/any/is-any.ts';
import { jsonTypes, packJson, unpackJson } from '../../../../api/any/json-types.ts';
import { packAny } from '../../../../api/any/pack-any.ts';
import { unpackAny } from '../../../../api/any/unpack-any.ts';
import { StreamInit } from '../../../../api/gen/containerd/services/streaming/v1/streaming.ts';
import { KindError } from '../../../../pkg/errors/kind-error.ts';

const name = 'containerd.services.streaming.v1.StreamInit';

function invalid(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof KindError && error.kind === 'invalid-argument' && message.test(error.message);
}

test('messages are packed under their bare name and accepted with a prefix', () => {
  const any = packAny(name, StreamInit, { id: 'a' });
  assert.equal(any.typeUrl, name);
  assert.deepEqual(unpackAny(any, name, StreamInit), { id: 'a' });
  const prefixed = { ...any, typeUrl: `type.googleapis.com/${name}` };
  assert.deepEqual(unpackAny(prefixed, name, StreamInit), { id: 'a' });
  assert.ok(isAny(prefixed, name));
  assert.ok(!isAny({ ...any, typeUrl: `x${name}` }, name));
  assert.ok(!isAny(undefined, name));
});

test('another type, a missing one and broken bytes are refused by name', () => {
  assert.throws(() => unpackAny(undefined, name, StreamInit), invalid(/StreamInit, got none/));
  assert.throws(() => unpackAny(packAny('a.B', StreamInit, { id: '' }), name, StreamInit), invalid(/got "a\.B"/));
  const broken = { typeUrl: name, value: new Uint8Array([10, 200]) };
  assert.throws(() => unpackAny(broken, name, StreamInit), invalid(/does not decode/));
});

test('JSON types compare whole and check their text', () => {
  const any = packJson(jsonTypes.spec, { ociVersion: '1.2.0' });
  assert.equal(any.typeUrl, 'types.containerd.io/opencontainers/runtime-spec/1/Spec');
  assert.deepEqual(unpackJson(any, jsonTypes.spec), { ociVersion: '1.2.0' });
  assert.throws(() => unpackJson(any, jsonTypes.process), invalid(/Process, got/));
  assert.throws(() => unpackJson(undefined, jsonTypes.spec), invalid(/got "none"/));
  const broken = { typeUrl: jsonTypes.spec, value: new Uint8Array([0xff]) };
  assert.throws(() => unpackJson(broken, jsonTypes.spec), invalid(/no JSON/));
});
