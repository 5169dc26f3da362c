import { ProcessDetails } from '../../api/gen/containerd/runc/v1/runc.ts';
import { TaskDefinition } from '../../api/gen/containerd/task/v3/task.ts';
import { Status } from '../../api/gen/containerd/v1/types/types.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { rpcService, type RpcService, type ServiceHandlers } from '../../api/rpc/service.ts';
import { host } from '../host/host.ts';
import type { ProcessState } from './task-process.ts';
import type { Tasks } from './tasks.ts';
import { timestampOf } from './timestamp-of.ts';

/** Version 2 has the same messages under another name. */
const names = ['containerd.task.v3.Task', 'containerd.task.v2.Task'] as const;

const statusOf: Readonly<Record<ProcessState, Status>> = {
  created: Status.CREATED,
  running: Status.RUNNING,
  paused: Status.PAUSED,
  stopped: Status.STOPPED,
  deleted: Status.STOPPED,
};

/**
 * The task API, both versions of it, over {@link Tasks}.
 * @param shutdown called when there are no containers and the daemon has no more use for the shim; returns at once
 */
export function taskServices(tasks: Tasks, shutdown: () => void): RpcService[] {
  const handlers = { ...lifeHandlers(tasks), ...processHandlers(tasks), ...containerHandlers(tasks, shutdown) };
  return names.map((fullName) => rpcService({ ...TaskDefinition, fullName }, handlers));
}

type Handlers = ServiceHandlers<typeof TaskDefinition>;

function lifeHandlers(tasks: Tasks): Handlers {
  return {
    create: async (request, { signal }) => ({ pid: await tasks.create(request, signal) }),
    start: async ({ id, execId }) => ({ pid: await tasks.start(id, execId) }),
    delete: async ({ id, execId }) => {
      const { pid, end } = await tasks.delete(id, execId);
      return { pid, exitStatus: end?.status ?? 0, exitedAt: timestampOf(end?.at) };
    },
    exec: async (request) => {
      await tasks.exec(request);
      return {};
    },
    kill: async ({ id, execId, signal, all }) => {
      await tasks.kill(id, execId, signal, all);
      return {};
    },
    wait: async ({ id, execId }) => {
      const process = tasks.process(id, execId);
      await process.ended;
      return { exitStatus: process.end?.status ?? 0, exitedAt: timestampOf(process.end?.at) };
    },
  };
}

function processHandlers(tasks: Tasks): Handlers {
  return {
    state: ({ id, execId }) => {
      const { init } = tasks.container(id);
      const process = tasks.process(id, execId);
      const status = init.pausing ? Status.PAUSING : statusOf[process.state];
      return {
        id: process.id,
        bundle: init.bundle.path,
        pid: process.pid,
        status,
        ...process.stdio,
        exitStatus: process.end?.status ?? 0,
        exitedAt: timestampOf(process.end?.at),
        execId: '',
      };
    },
    resizePty: ({ id, execId, width, height }) => {
      tasks.process(id, execId).resize(width, height);
      return {};
    },
    closeIO: ({ id, execId }) => {
      tasks.process(id, execId).closeStdin();
      return {};
    },
  };
}

function containerHandlers(tasks: Tasks, shutdown: () => void): Handlers {
  return {
    pids: async ({ id }) => {
      const processes = (await tasks.pids(id)).map(({ pid, execId }) => ({
        pid,
        info:
          execId === undefined ? undefined : packAny('containerd.runc.v1.ProcessDetails', ProcessDetails, { execId }),
      }));
      return { processes };
    },
    pause: async ({ id }) => {
      await tasks.pause(id);
      return {};
    },
    resume: async ({ id }) => {
      await tasks.resume(id);
      return {};
    },
    checkpoint: async ({ id, path, options }) => {
      await tasks.checkpoint(id, path, options);
      return {};
    },
    update: async ({ id, resources }) => {
      await tasks.update(id, resources);
      return {};
    },
    stats: ({ id }) => ({ stats: tasks.stats(id) }),
    connect: ({ id }) => ({ shimPid: host.pid(), taskPid: tasks.pidOf(id), version: '' }),
    shutdown: () => {
      if (tasks.empty) shutdown();
      return {};
    },
  };
}
