import { TasksDefinition, type CreateTaskRequest } from '../../api/gen/containerd/services/tasks/v1/tasks.ts';
import type { Descriptor as WireDescriptor } from '../../api/gen/containerd/types/types.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { CreateTask, TaskService } from './task-service.ts';

/** `containerd.services.tasks.v1.Tasks` over the tasks service. */
export function tasksGrpc(tasks: TaskService): RpcService {
  return rpcService(TasksDefinition, {
    async create(request, context) {
      const pid = await tasks.create(context.scope(), request.containerId, createTask(request));
      return { containerId: request.containerId, pid };
    },
    start: async (request, context) => ({ pid: await tasks.start(context.scope(), processId(request)) }),
    async delete({ containerId }, context) {
      const { pid, exitStatus, exitedAt } = await tasks.delete(context.scope(), containerId);
      return { id: '', pid, exitStatus, exitedAt };
    },
    async deleteProcess(request, context) {
      const { pid, exitStatus, exitedAt } = await tasks.deleteProcess(context.scope(), processId(request));
      return { id: request.execId, pid, exitStatus, exitedAt };
    },
    get: async (request, context) => ({ process: await tasks.get(context.scope(), processId(request)) }),
    list: async (_request, context) => ({ tasks: [...(await tasks.list(context.scope()))] }),
    async kill(request, context) {
      await tasks.kill(context.scope(), processId(request), request.signal, request.all);
      return {};
    },
    async exec(request, context) {
      await tasks.exec(context.scope(), request.containerId, request);
      return {};
    },
    async resizePty(request, context) {
      await tasks.resizePty(context.scope(), processId(request), request.width, request.height);
      return {};
    },
    async closeIO(request, context) {
      await tasks.closeIo(context.scope(), processId(request), request.stdin);
      return {};
    },
    async pause({ containerId }, context) {
      await tasks.pause(context.scope(), containerId);
      return {};
    },
    async resume({ containerId }, context) {
      await tasks.resume(context.scope(), containerId);
      return {};
    },
    listPids: async ({ containerId }, context) => ({
      processes: [...(await tasks.pids(context.scope(), containerId))],
    }),
    async checkpoint({ containerId, options }, context) {
      const descriptors = await tasks.checkpoint(context.scope(), containerId, options);
      return { descriptors: descriptors.map(toWire) };
    },
    async update({ containerId, resources, annotations }, context) {
      await tasks.update(context.scope(), containerId, resources, annotations);
      return {};
    },
    metrics: async ({ filters }, context) => ({ metrics: [...(await tasks.metrics(context.scope(), filters))] }),
    async wait(request, context) {
      const { exitStatus, exitedAt } = await tasks.wait(context.scope(), processId(request));
      return { exitStatus, exitedAt };
    },
  });
}

function processId({ containerId, execId }: { containerId: string; execId: string }): { id: string; execId: string } {
  return { id: containerId, execId };
}

function toWire({ mediaType, digest, size }: Descriptor): WireDescriptor {
  return { mediaType, digest, size: BigInt(size), annotations: new Map() };
}

function createTask(request: CreateTaskRequest): CreateTask {
  const { checkpoint } = request;
  return { ...request, checkpoint: checkpoint && { ...checkpoint, size: Number(checkpoint.size) } };
}
