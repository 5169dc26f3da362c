import { connect } from 'node:net';
import { ContainersDefinition, type Container } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { ImagesDefinition } from '../../api/gen/containerd/services/images/v1/images.ts';
import { SnapshotsDefinition } from '../../api/gen/containerd/services/snapshots/v1/snapshots.ts';
import { CreateTaskRequest, TasksDefinition } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import { GrpcClient } from '../../api/grpc/grpc-client.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import { Ctr } from '../lab/ctr.ts';
import type { DaemonUnderTest } from '../lab/daemon-under-test.ts';
import { inTurn, type Measured, type Row, withBoth } from './row.ts';

const stages = [
  'Images.Get',
  'Snapshots.Prepare',
  'Containers.Create',
  'Tasks.Create (shim start, `runc create`)',
  'Tasks.Start (`runc start`)',
  'Tasks.Wait, from start to the exit',
  'Tasks.Delete (`runc delete`, shim ends)',
  'Containers.Delete, Snapshots.Remove',
] as const;

/** What `ctr container create` left, to be created again under other ids. */
interface Template {
  readonly container: Container;
  readonly parent: string;
}

/** The calls of one `ctr run --rm`, one by one over one connection; gives how long each stage took, in milliseconds. */
async function runOnce(daemon: DaemonUnderTest, { container, parent }: Template, id: string): Promise<number[]> {
  daemon.track({ ids: [id] });
  await using transport = new GrpcClient(() => connect(daemon.address));
  const [images, snapshots, containers, tasks] = [
    rpcClient(transport, ImagesDefinition),
    rpcClient(transport, SnapshotsDefinition),
    rpcClient(transport, ContainersDefinition),
    rpcClient(transport, TasksDefinition),
  ];
  const options = { namespace: daemon.namespace };
  const { snapshotter } = container;
  const times: number[] = [];
  const stage = async <T>(work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    times.push(performance.now() - started);
    return result;
  };

  await stage(() => images.get({ name: container.image }, options));
  const { mounts } = await stage(() => snapshots.prepare({ snapshotter, key: id, parent, labels: new Map() }, options));
  await stage(() => containers.create({ container: { ...container, id, snapshotKey: id } }, options));
  await stage(() => tasks.create(CreateTaskRequest.fromPartial({ containerId: id, rootfs: mounts }), options));
  const exit = tasks.wait({ containerId: id, execId: '' }, options);
  await stage(() => tasks.start({ containerId: id, execId: '' }, options));
  await stage(() => exit);
  await stage(() => tasks.delete({ containerId: id }, options));
  await stage(async () => {
    await containers.delete({ id }, options);
    await snapshots.remove({ snapshotter, key: id }, options);
  });
  return times;
}

async function templateOf(daemon: DaemonUnderTest, image: string): Promise<Template> {
  await new Ctr(daemon).ok(['container', 'create', image, 'template', 'true']);
  await using transport = new GrpcClient(() => connect(daemon.address));
  const options = { namespace: daemon.namespace };
  const { container } = await rpcClient(transport, ContainersDefinition).get({ id: 'template' }, options);
  if (!container) throw new Error('the daemon answered without a container');
  const { snapshotter, snapshotKey: key } = container;
  const { info } = await rpcClient(transport, SnapshotsDefinition).stat({ snapshotter, key }, options);
  return { container, parent: info?.parent ?? '' };
}

/** Where the time of one `ctr run --rm` goes: the client's calls, without the client. */
export const runStages: Row = {
  id: 'run-stages',
  quantities: stages.map((title) => ({ title: `one run, stage ${title}`, unit: 'ms' })),
  async measure(contestants, context) {
    const measured: Measured[] = stages.map(() => [[], []]);
    await withBoth(contestants, context, async (daemons) => {
      const templates = [
        await templateOf(daemons[0], context.busybox),
        await templateOf(daemons[1], context.busybox),
      ] as const;
      await inTurn(1 + 20 * context.effort, async (index, round) => {
        const times = await runOnce(daemons[index], templates[index], `stages-${String(round)}`);
        // The first warms files and code up.
        if (round > 0) times.forEach((time, stage) => measured[stage]?.[index].push(time));
      });
    });
    return measured;
  },
};
