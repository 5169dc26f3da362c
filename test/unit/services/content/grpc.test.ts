import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ContentDefinition } from '../../../../api/gen/containerd/services/content/v1/content.ts';
import { GrpcClient } from '../../../../api/grpc/grpc-client.ts';
import { GrpcServer } from '../../../../api/grpc/grpc-server.ts';
import { rpcClient } from '../../../../api/rpc/rpc-client.ts';
import { listenUnix } from '../../../../api/transport/listen-unix.ts';
import { contentGrpc } from '../../../../services/content/grpc.ts';
import { LocalContentStore } from '../../../../services/content/local/local-content-store.ts';
import { PseudoRandom } from '../../../lab/pseudo-random.ts';
import { TemporaryDirectory } from '../../../lab/temporary-directory.ts';

test('readers of one blob get its bytes, however slowly they read and wherever they begin', async () => {
  using directory = new TemporaryDirectory();
  const store = await LocalContentStore.open(join(directory.path, 'content'));
  const bytes = new PseudoRandom('readers').bytes((4 << 20) + 77);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await using writer = await store.writer({ namespace: 'n' }, { ref: 'r' });
  await writer.write(bytes);
  await writer.commit(bytes.length, digest);
  const path = join(directory.path, 's');
  await using server = new GrpcServer([contentGrpc(store)]);
  await using _listener = await listenUnix({ path }, (socket) => server.serve(socket));
  await using transport = new GrpcClient(() => connect(path));
  const client = rpcClient(transport, ContentDefinition);

  const read = async (start: number, turns: number): Promise<void> => {
    let received = start;
    for await (const { data, offset } of client.read({ digest, offset: BigInt(start), size: 0n }, { namespace: 'n' })) {
      assert.equal(Number(offset) + start, received);
      // Compared late, when the server has long gone on.
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      assert.equal(Buffer.compare(data, bytes.subarray(received, received + data.length)), 0, `at ${received}`);
      received += data.length;
    }
    assert.equal(received, bytes.length);
  };
  await Promise.all([read(0, 0), read(0, 20), read(1000, 1), read(3 << 20, 5), read(bytes.length - 1, 0)]);
});
