import { Container, ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { inTurn, noValues, overSocket, record, type Row, start, timed } from './row.ts';

/** Records alone; each is on disk when its call is answered. */
export const containerCreates: Row = {
  id: 'container-creates',
  quantities: [
    { title: '50 × Containers.Create at once', unit: 'ms' },
    { title: '50 × Containers.Create one after the other', unit: 'ms' },
  ],
  async measure(contestants, context) {
    const measured = noValues(this);
    await using first = await start(contestants[0]);
    await using second = await start(contestants[1]);
    const daemons = [first, second] as const;
    await inTurn(1 + 10 * context.effort, async (index, round) => {
      await overSocket(daemons[index], async (transport, options) => {
        const containers = rpcClient(transport, ContainersDefinition);
        const ids = Array.from({ length: 100 }, (_, number) => `c-${String(round)}-${String(number)}`);
        const create = (id: string): Promise<unknown> => {
          const spec = {
            typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
            value: Buffer.alloc(8000, '{}'),
          };
          const container = Container.fromPartial({ id, runtime: { name: 'io.containerd.runc.v2' }, spec });
          return containers.create({ container }, options);
        };
        await containers.list({ filters: [] }, options);
        const atOnce = await timed(() => Promise.all(ids.slice(0, 50).map(create)));
        const inSequence = await timed(async () => {
          for (const id of ids.slice(50)) await create(id);
        });
        if (round > 0) record(measured, index, [atOnce, inSequence]);
        for (const id of ids) await containers.delete({ id }, options);
      });
    });
    return measured;
  },
};
