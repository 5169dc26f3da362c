// Our clients against real daemons: gRPC and ttrpc as Go's servers speak them, and as ours does.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import {
  ContentDefinition,
  WriteAction,
  WriteContentRequest,
} from '../../../api/gen/containerd/services/content/v1/content.ts';
import { EventsDefinition as TtrpcEventsDefinition } from '../../../api/gen/containerd/services/events/ttrpc/v1/ttrpc.ts';
import { EventsDefinition } from '../../../api/gen/containerd/services/events/v1/events.ts';
import { VersionDefinition } from '../../../api/gen/containerd/services/version/v1/version.ts';
import { GrpcClient } from '../../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../../api/rpc/rpc-client.ts';
import { dialUnix } from '../../../api/transport/dial-unix.ts';
import { SocketStream } from '../../../api/transport/socket-stream.ts';
import { TtrpcClient } from '../../../api/ttrpc/ttrpc-client.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { DaemonUnderTest } from '../../lab/daemon-under-test.ts';
import { peers } from '../../lab/peers.ts';

function isKind(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof KindError && error.kind === kind;
}

for (const kind of [...peers.versions, 'gantry'] as const) {
  describe(`with ${kind}`, () => {
    test('unary calls, streams, errors and cancelling work over gRPC', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using transport = new GrpcClient(() => connect(daemon.address));
      const { namespace } = daemon;
      const version = await rpcClient(transport, VersionDefinition).version({});
      assert.notEqual(version.version, '');

      const content = rpcClient(transport, ContentDefinition);
      const blob = randomBytes(3 << 20);
      const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
      async function* requests() {
        const ref = 'blob';
        for (let offset = 0; offset < blob.length; offset += 1 << 20) {
          const data = blob.subarray(offset, offset + (1 << 20));
          yield WriteContentRequest.fromPartial({ action: WriteAction.WRITE, ref, offset: BigInt(offset), data });
        }
        const total = BigInt(blob.length);
        // A garbage collection soon after the start takes a blob that nothing holds.
        const labels = new Map([['containerd.io/gc.root', 'test']]);
        const commit = { action: WriteAction.COMMIT, ref, offset: total, total, expected: digest, labels };
        yield WriteContentRequest.fromPartial(commit);
      }
      let committed = '';
      for await (const response of content.write(requests(), { namespace })) committed = response.digest;
      assert.equal(committed, digest);

      const read: Uint8Array[] = [];
      for await (const { data } of content.read({ digest, offset: 0n, size: 0n }, { namespace })) read.push(data);
      assert.equal(Buffer.compare(Buffer.concat(read), blob), 0);
      for await (const { data } of content.read({ digest, offset: 0n, size: 0n }, { namespace })) {
        assert.ok(data.length > 0);
        break;
      }

      await assert.rejects(content.info({ digest: 'sha256:00' }, { namespace }), isKind('invalid-argument'));
      await assert.rejects(
        content.info({ digest: digest.replace(/.$/, 'x') }, { namespace }),
        isKind('invalid-argument'),
      );
      const absent = `sha256:${'0'.repeat(64)}`;
      await assert.rejects(content.info({ digest: absent }, { namespace }), isKind('not-found'));
      await assert.rejects(content.info({ digest }), isKind('failed-precondition'));
      const other = rpcClient(transport, { ...VersionDefinition, fullName: 'no.such.Service' });
      await assert.rejects(other.version({}), isKind('unimplemented'));
    });

    test('an event forwarded over ttrpc reaches a subscriber over gRPC', async () => {
      await using daemon = await DaemonUnderTest.start({ kind });
      await using transport = new GrpcClient(() => connect(daemon.address));
      using ttrpc = new TtrpcClient(new SocketStream(await dialUnix(daemon.ttrpcAddress)));
      const stop = new AbortController();
      const filters = ['topic=="/tasks/exit"'];
      const events = rpcClient(transport, EventsDefinition).subscribe({ filters }, { signal: stop.signal });
      const envelope = {
        timestamp: { seconds: 1_700_000_000n, nanos: 5 },
        namespace: daemon.namespace,
        topic: '/tasks/exit',
        event: { typeUrl: 'containerd.events.TaskExit', value: new Uint8Array([10, 1, 97]) },
      };
      const options = { namespace: daemon.namespace, timeout: 10_000 };
      const forwarder = rpcClient(ttrpc, TtrpcEventsDefinition);
      let first: unknown;
      const received = events.next().then(({ value }) => (first = value));
      // containerd does not tell when a subscription is in place, so it is told again until it has heard.
      while (first === undefined) await forwarder.forward({ envelope }, options);
      await received;
      assert.deepEqual(first, envelope);
      stop.abort();
      await assert.rejects(async () => {
        while ((await events.next()).done !== true);
      }, isKind('canceled'));

      const bad = { ...envelope, topic: 'no-slash' };
      await assert.rejects(forwarder.forward({ envelope: bad }, options), isKind('invalid-argument'));
      const other = rpcClient(ttrpc, { ...TtrpcEventsDefinition, fullName: 'no.such.Service' });
      await assert.rejects(other.forward({ envelope }, options), isKind('unimplemented'));
    });
  });
}
