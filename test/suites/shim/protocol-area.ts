import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { ConnectRequest, ConnectResponse, WaitRequest } from '../../../api/gen/containerd/task/v3/task.ts';
import { frameFlag, frameType, maxFramePayload } from '../../../api/ttrpc/frame.ts';
import { PseudoRandom } from '../../lab/pseudo-random.ts';
import { RawTtrpc } from '../../lab/raw-ttrpc.ts';
import { ShimContainer } from '../../lab/shim-container.ts';
import { ShimLab } from '../../lab/shim-lab.ts';
import { descriptorKinds, keptKinds } from '../../lab/shim-traces.ts';
import { shimTest, type ShimUnderTest } from './shim-under-test.ts';

const codes = { invalidArgument: 3, deadlineExceeded: 4, resourceExhausted: 8, unimplemented: 12, internal: 13 };

/** What a shim answers to frames, right and wrong. */
export function protocolArea(shim: ShimUnderTest): void {
  const [version] = shim.supports.apiVersions;
  const service = `containerd.task.v${String(version)}.Task`;
  const connectTo = (id: string) => ({ service, method: 'Connect', payload: ConnectRequest.encode({ id }).finish() });
  const waitFor = (id: string) => ({
    service,
    method: 'Wait',
    payload: WaitRequest.encode({ id, execId: '' }).finish(),
  });

  /** Says something over a connection of its own, then asks a right thing over another. */
  async function afterwards(work: (peer: RawTtrpc, container: ShimContainer) => Promise<void>): Promise<void> {
    await using lab = await ShimLab.open(shim);
    const container = await ShimContainer.run(lab);
    {
      using peer = await RawTtrpc.connect(container.shim.path);
      await work(peer, container);
    }
    assert.equal((await container.task.connect({ id: container.id })).taskPid, container.pid);
    assert.equal(await container.exec(['/bin/true']), 0);
    await container.end();
  }

  describe('protocol', () => {
    shimTest('what is unknown is refused by name, and the connection goes on', () =>
      afterwards(async (peer, { id, pid }) => {
        const unknown = [
          { service: 'no.such.Service', method: 'Connect' },
          { service, method: 'NoSuchMethod' },
          { service: 'containerd.services.streaming.v1.Streaming', method: 'Stream' },
          { service: '', method: '' },
        ];
        for (const [index, call] of unknown.entries()) {
          peer.request(2 * index + 1, call);
          const { status } = await peer.response(2 * index + 1);
          assert.equal(status?.code, codes.unimplemented, `${call.service}/${call.method}: ${status?.message}`);
        }
        peer.request(101, connectTo(id));
        const { status, payload } = await peer.response(101);
        assert.equal(status?.code ?? 0, 0);
        assert.equal(ConnectResponse.decode(payload).taskPid, pid);
      }),
    );

    shimTest('a message that is too long is refused, and the connection goes on', () =>
      afterwards(async (peer, { id, pid }) => {
        const head = Buffer.alloc(10);
        head.writeUInt32BE(maxFramePayload + 1, 0);
        head.writeUInt32BE(1, 4);
        head.writeUInt8(frameType.request, 8);
        peer.send(head);
        peer.send(new Uint8Array(maxFramePayload + 1));
        assert.equal((await peer.response(1)).status?.code, codes.resourceExhausted);
        peer.request(3, connectTo(id));
        assert.equal(ConnectResponse.decode((await peer.response(3)).payload).taskPid, pid);
      }),
    );

    shimTest('a message as long as may be is taken', () =>
      afterwards(async (peer, { pid }) => {
        const id = 'x'.repeat(maxFramePayload - 200);
        peer.request(1, connectTo(id));
        const { status, payload } = await peer.response(1);
        assert.equal(status?.code ?? 0, 0, status?.message);
        assert.notEqual(ConnectResponse.decode(payload).taskPid, pid);
      }),
    );

    shimTest('a request that cannot be read is refused', () =>
      afterwards(async (peer, { id, pid }) => {
        const head = { stream: 1, type: frameType.request, flags: 0 };
        peer.frame(head, Buffer.from([0xff, 0xff, 0xff, 0xff]));
        assert.equal((await peer.response(1)).status?.code, codes.invalidArgument);
        peer.request(3, { service, method: 'Connect', payload: Buffer.from([0x0a, 0x80]) });
        const { status } = await peer.response(3);
        assert.ok([codes.invalidArgument, codes.internal].includes(status?.code ?? 0), status?.message);
        peer.request(5, connectTo(id));
        assert.equal(ConnectResponse.decode((await peer.response(5)).payload).taskPid, pid);
      }),
    );

    shimTest('streams have odd numbers', () =>
      afterwards(async (peer, { id }) => {
        peer.request(2, connectTo(id));
        assert.equal((await peer.response(2)).status?.code, codes.invalidArgument);
      }),
    );

    if (shim.supports.risingStreams) {
      shimTest('streams have rising numbers', () =>
        afterwards(async (peer, { id }) => {
          peer.request(5, connectTo(id));
          assert.equal((await peer.response(5)).status?.code ?? 0, 0);
          for (const stream of [5, 3]) {
            peer.request(stream, connectTo(id));
            assert.equal((await peer.response(stream)).status?.code, codes.invalidArgument);
          }
        }),
      );
    }

    shimTest('calls wait for nobody, and are answered by their numbers', () =>
      afterwards(async (peer, { id, pid }) => {
        peer.request(1, waitFor(id));
        const streams = Array.from({ length: 100 }, (_, index) => 2 * index + 3);
        for (const stream of streams) peer.request(stream, connectTo(stream % 4 === 1 ? id : 'nobody'));
        for (const stream of streams.toReversed()) {
          const { taskPid } = ConnectResponse.decode((await peer.response(stream)).payload);
          assert.equal(taskPid, stream % 4 === 1 ? pid : 0);
        }
      }),
    );

    if (shim.supports.answersDeadlines) {
      shimTest('a call that has no time left is answered', () =>
        afterwards(async (peer, { id }) => {
          peer.request(1, { ...waitFor(id), timeoutNano: 50_000_000n });
          assert.equal((await peer.response(1)).status?.code, codes.deadlineExceeded);
        }),
      );
    }

    shimTest('a client that leaves in the middle of a call, or of a frame, is not missed', () =>
      afterwards(async (_, { shim: client, id }) => {
        const pid = await client.pid();
        const before = descriptorKinds(pid);
        for (let round = 0; round < 20; round++) {
          const peer = await RawTtrpc.connect(client.path);
          if (round % 2 === 0) peer.request(1, waitFor(id));
          peer.send(Buffer.from([0, 0, 1, 0, 0, 0, 0, 3, 1, 0, 65]));
          if (round % 4 < 2) peer.end();
          peer[Symbol.dispose]();
        }
        if (!shim.supports.keepsNoDescriptors) return;
        assert.deepEqual(await keptKinds(pid, before, () => client.pid()), []);
      }),
    );

    shimTest('one that speaks no ttrpc is left to itself', () =>
      afterwards(async (peer, { shim: client }) => {
        peer.send('GET / HTTP/1.1\r\nHost: shim\r\n\r\n');
        const random = new PseudoRandom('garbage');
        for (let round = 0; round < 20; round++) {
          using other = await RawTtrpc.connect(client.path);
          other.send(random.bytes(random.below(5000)));
          other.end();
        }
      }),
    );

    shimTest('frames that belong nowhere do no harm', () =>
      afterwards(async (peer, { id, pid, shim: client }) => {
        if (shim.supports.survivesStrayData)
          peer.frame({ stream: 1, type: frameType.data, flags: 0 }, Buffer.from('data'));
        peer.frame({ stream: 3, type: frameType.response, flags: 0 }, Buffer.from('response'));
        peer.frame({ stream: 5, type: 99, flags: 255 }, Buffer.from('what is this'));
        using other = await RawTtrpc.connect(client.path);
        other.request(1, connectTo(id), frameFlag.remoteClosed);
        assert.equal(ConnectResponse.decode((await other.response(1)).payload).taskPid, pid);
      }),
    );
  });
}
