import { Container, ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { Image, ImagesDefinition } from '../../api/gen/containerd/services/images/v1/images.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { Ctr } from '../lab/ctr.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { inTurn, noValues, overSocket, record, type Row, start, timed } from './row.ts';

const count = 1000;
const digest = `sha256:${'ab'.repeat(32)}`;

/** Records as clients leave them, though nothing stands behind them. */
async function fill(daemon: DaemonUnderTest): Promise<void> {
  await overSocket(daemon, async (transport, options) => {
    const images = rpcClient(transport, ImagesDefinition);
    const containers = rpcClient(transport, ContainersDefinition);
    const labels = new Map([['io.example.purpose', 'bench']]);
    const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1000n };
    const spec = { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.alloc(8000, '{}') };
    const creates = Array.from({ length: count }, (_, number) => {
      const name = `registry.example/bench/image-${String(number)}:1`;
      const image = Image.fromPartial({ name, labels, target });
      const container = Container.fromPartial({
        id: `list-${String(number)}`,
        labels,
        image: name,
        runtime: { name: 'io.containerd.runc.v2' },
        spec,
      });
      return Promise.all([
        images.create({ image, sourceDateEpoch: undefined }, options),
        containers.create({ container }, options),
      ]);
    });
    await Promise.all(creates);
  });
}

/** What a client with many records waits for. */
export const lists: Row = {
  id: 'lists',
  quantities: [
    { title: 'list of 1,000 images, gRPC', unit: 'ms' },
    { title: 'list of 1,000 containers, gRPC', unit: 'ms' },
    { title: '`ctr image ls -q` of 1,000', unit: 'ms' },
    { title: '`ctr container ls` of 1,000', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    await using first = await start(contestants[0]);
    await using second = await start(contestants[1]);
    const daemons = [first, second] as const;
    for (const daemon of daemons) await fill(daemon);
    await inTurn(1 + 20 * context.effort, async (index, round) => {
      const daemon = daemons[index];
      const ctr = new Ctr(daemon);
      const times = await overSocket(daemon, async (transport, options) => {
        const images = rpcClient(transport, ImagesDefinition);
        const containers = rpcClient(transport, ContainersDefinition);
        // The first call of a connection opens it.
        await images.get({ name: 'registry.example/bench/image-0:1' }, options);
        return [
          await timed(() => images.list({ filters: [] }, options)),
          await timed(() => containers.list({ filters: [] }, options)),
        ];
      });
      times.push(await timed(() => ctr.ok(['image', 'ls', '-q'])), await timed(() => ctr.ok(['container', 'ls'])));
      if (round > 0) record(measured, index, times);
    });
    return measured;
  },
};
