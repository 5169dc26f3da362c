import { TasksDefinition } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { Ctr } from '../lab/ctr.ts';
import { inTurn, noValues, overSocket, record, type Row, timed, withBoth } from './row.ts';

const count = 100;

/** How long a node is without its daemon when that dies. */
export const restart: Row = {
  id: 'restart',
  quantities: [{ title: 'start until 100 running containers are listed', unit: 'ms' }],
  async measure(contestants, context) {
    const measured = noValues(this);
    const ids = Array.from({ length: count }, (_, number) => `again-${String(number)}`);
    await withBoth(contestants, context, async (daemons) => {
      for (const daemon of daemons) {
        const ctr = new Ctr(daemon);
        for (let begin = 0; begin < count; begin += 10) {
          const some = ids.slice(begin, begin + 10);
          await Promise.all(some.map((id) => ctr.ok(['run', '-d', context.busybox, id, 'sleep', '100000'])));
        }
      }
      await inTurn(5 * context.effort, async (index) => {
        const daemon = daemons[index];
        await daemon.kill('SIGKILL');
        const time = await timed(async () => {
          await daemon.start();
          await overSocket(daemon, async (transport, options) => {
            const { tasks } = await rpcClient(transport, TasksDefinition).list({ filter: '' }, options);
            const running = tasks.filter(({ status }) => status === Status.RUNNING).length;
            if (running !== count) throw new Error(`${String(running)} of ${String(count)} containers run`);
          });
        });
        record(measured, index, [time]);
      });
      for (const daemon of daemons) {
        await new Ctr(daemon).ok(['task', 'rm', '--force', ...ids]);
        await new Ctr(daemon).ok(['container', 'rm', ...ids]);
      }
    });
    return measured;
  },
};
