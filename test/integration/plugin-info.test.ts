import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { jsonTypes, unpackJson } from '../../api/any/json-types.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import { Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import { IntrospectionDefinition } from '../../api/gen/containerd/services/introspection/v1/introspection.ts';
import { RuntimeInfo, RuntimeRequest } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { DaemonUnderTest, type DaemonOptions } from '../lab/daemon-under-test.ts';

const requestType = 'containerd.types.RuntimeRequest';
const runtimes = 'io.containerd.runtime.v2';

function ask(runtimePath: string, options?: Any): Any {
  return packAny(requestType, RuntimeRequest, { runtimePath, options });
}

interface Question {
  readonly type: string;
  readonly id: string;
  readonly options?: Any;
  /** The kind of our error where containerd's is `unknown`. */
  readonly kind?: string;
}

const runcOptions = packAny('containerd.runc.v1.Options', Options, Options.fromPartial({ root: '/run/elsewhere' }));

const questions: Readonly<Record<string, Question>> = {
  'nothing of a runtime': { type: runtimes, id: 'task' },
  runc: { type: runtimes, id: 'task', options: ask('io.containerd.runc.v2') },
  'runc with options': { type: runtimes, id: 'task', options: ask('io.containerd.runc.v2', runcOptions) },
  'a prefix': {
    type: runtimes,
    id: 'task',
    options: { ...ask('io.containerd.runc.v2'), typeUrl: `x.y/${requestType}` },
  },
  'no name': { type: runtimes, id: 'task', options: ask(''), kind: 'invalid-argument' },
  'a bad name': { type: runtimes, id: 'task', options: ask('nothing'), kind: 'invalid-argument' },
  'nothing installed': { type: runtimes, id: 'task', options: ask('io.containerd.nothing.v9'), kind: 'not-found' },
  'no file': { type: runtimes, id: 'task', options: ask('/nothing/there'), kind: 'not-found' },
  'no shim': { type: runtimes, id: 'task', options: ask('/bin/false'), kind: 'unavailable' },
  'a message cut short': {
    type: runtimes,
    id: 'task',
    options: { typeUrl: requestType, value: Uint8Array.of(10, 255) },
    kind: 'invalid-argument',
  },
  'another type': {
    type: runtimes,
    id: 'task',
    options: { typeUrl: 'containerd.types.Mount', value: new Uint8Array() },
  },
  'an unknown type': {
    type: runtimes,
    id: 'task',
    options: { typeUrl: 'no.such.Type', value: new Uint8Array() },
    kind: 'unimplemented',
  },
  'no plugin': { type: runtimes, id: 'nothing' },
  'nothing of a plugin that knows nothing': { type: 'io.containerd.content.v1', id: 'content' },
  'something of a plugin that knows nothing': { type: 'io.containerd.content.v1', id: 'content', options: ask('x') },
};

/** An answer, or the kind of the error. */
async function answers(kind: DaemonOptions['kind']): Promise<ReadonlyMap<string, unknown>> {
  await using daemon = await DaemonUnderTest.start({ kind, shim: '2.1.9' });
  await using transport = new GrpcClient(() => connect(daemon.address));
  const introspection = rpcClient(transport, IntrospectionDefinition);
  const all = new Map<string, unknown>();
  for (const [name, { type, id, options }] of Object.entries(questions)) {
    try {
      const { plugin, extra } = await introspection.pluginInfo({ type, id, options });
      all.set(name, { type: plugin?.type, id: plugin?.id, platforms: plugin?.platforms, info: readInfo(extra) });
    } catch (error) {
      assert.ok(error instanceof KindError);
      all.set(name, error.kind);
    }
  }
  return all;
}

function readInfo(extra: Any | undefined): unknown {
  if (!extra) return undefined;
  assert.equal(extra.typeUrl, 'containerd.types.RuntimeInfo');
  const info = unpackAny(extra, 'containerd.types.RuntimeInfo', RuntimeInfo);
  assert.equal(info.name, 'io.containerd.runc.v2');
  return { ...info, features: unpackJson(info.features, jsonTypes.features) };
}

test('what a runtime tells of itself, as containerd answers it', async () => {
  const theirs = await answers('2.1.9');
  const ours = await answers('gantry');
  const expected = Object.entries(questions).map(([name, { kind }]) => {
    const answer = theirs.get(name);
    assert.equal(answer === 'unknown', kind !== undefined, `containerd's answer to ${name}`);
    return [name, kind ?? answer];
  });
  assert.deepEqual(Object.fromEntries(ours), Object.fromEntries(expected));
});
