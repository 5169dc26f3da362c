import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  ContentDefinition,
  WriteAction,
  type WriteContentRequest,
} from '../../api/gen/containerd/services/content/v1/content.ts';
import { NamespacesDefinition } from '../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { uniqueName } from '../lab/unique-name.ts';

const data = Buffer.from('bytes that one namespace has');
const digest = `sha256:${createHash('sha256').update(data).digest('hex')}`;
const labels = new Map([['containerd.io/gc.root', 'x']]);
const nothing: WriteContentRequest = {
  ...{ action: WriteAction.STAT, ref: '', total: BigInt(data.length), expected: digest, offset: 0n, labels },
  data: Buffer.alloc(0),
};

/** The first answer to a request in a namespace: how far the ingest is, or what was refused. */
async function answer(client: GrpcClient, namespace: string, request: WriteContentRequest): Promise<string> {
  // A name of its own for each: that of a stream which has been left may be locked for a moment yet.
  const ref = uniqueName('ref');
  const requests = async function* (): AsyncGenerator<WriteContentRequest> {
    yield await Promise.resolve({ ...request, ref });
  };
  try {
    const content = rpcClient(client, ContentDefinition);
    for await (const { action, offset } of content.write(requests(), { namespace })) return `${action} at ${offset}`;
    return 'nothing';
  } catch (error) {
    return error instanceof KindError ? error.kind : String(error);
  }
}

/** What a namespace that does not have the bytes may do, knowing their digest. */
async function transcript(kind: '2.1.9' | 'gantry', policy: string, shareable: boolean): Promise<string[]> {
  const config = `[plugins."io.containerd.metadata.v1.bolt"]\ncontent_sharing_policy = "${policy}"`;
  await using daemon = await DaemonUnderTest.start({ kind, config });
  await using client = new GrpcClient(() => connect(daemon.address));
  const [owner, other] = [daemon.namespace, `${daemon.namespace}-other`];
  daemon.track({ namespaces: [other] });
  if (shareable) {
    const namespace = { name: owner, labels: new Map([['containerd.io/namespace.shareable', 'true']]) };
    await rpcClient(client, NamespacesDefinition).create({ namespace });
  }
  const commit = { ...nothing, action: WriteAction.COMMIT };
  const info = async (): Promise<string> => {
    const found = rpcClient(client, ContentDefinition).info({ digest }, { namespace: other });
    return await found.then(
      ({ info: one }) => `there, ${one?.size ?? 0n} bytes`,
      (error: unknown) => (error instanceof KindError ? error.kind : String(error)),
    );
  };
  return [
    await answer(client, owner, { ...commit, data }),
    await answer(client, owner, nothing),
    await info(),
    await answer(client, other, nothing),
    await answer(client, other, commit),
    await info(),
    await answer(client, other, { ...commit, data }),
    await info(),
  ];
}

for (const [policy, shareable] of [
  ['shared', false],
  ['isolated', false],
  ['isolated', true],
] as const) {
  await test(`content is ${policy}${shareable ? ', but by a namespace that says so' : ''}, as by containerd`, async () => {
    const theirs = await transcript('2.1.9', policy, shareable);
    assert.equal(theirs.at(-1), `there, ${data.length} bytes`);
    assert.deepEqual(await transcript('gantry', policy, shareable), theirs);
  });
}
