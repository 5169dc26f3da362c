import {
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '../../api/gen/containerd/events/events.ts';
import type { CreateTaskRequest } from '../../api/gen/containerd/task/v3/task.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { MessageCodec } from '../../api/rpc/service.ts';
import { timestampOf } from './timestamp-of.ts';
import type { ProcessEnd } from './process-end.ts';

/** Where events go; never fails, and keeps their order. */
export interface EventSink {
  publish(topic: string, event: Any): void;
}

/** What the shim tells of its tasks, with the fields that containerd's shim fills in. */
export class TaskEvents {
  readonly #sink: EventSink;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  create(
    { id: containerId, bundle, rootfs, stdin, stdout, stderr, terminal, checkpoint }: CreateTaskRequest,
    pid: number,
  ): void {
    const io = { stdin, stdout, stderr, terminal };
    this.#publish('/tasks/create', 'TaskCreate', TaskCreate, { containerId, bundle, rootfs, io, checkpoint, pid });
  }

  start(containerId: string, pid: number): void {
    this.#publish('/tasks/start', 'TaskStart', TaskStart, { containerId, pid });
  }

  execAdded(containerId: string, execId: string): void {
    this.#publish('/tasks/exec-added', 'TaskExecAdded', TaskExecAdded, { containerId, execId });
  }

  execStarted(containerId: string, execId: string, pid: number): void {
    this.#publish('/tasks/exec-started', 'TaskExecStarted', TaskExecStarted, { containerId, execId, pid });
  }

  /** @param id the exec's, or the container's for its first process */
  exit(containerId: string, id: string, { pid, status: exitStatus, at }: ProcessEnd): void {
    const event = { containerId, id, pid, exitStatus, exitedAt: timestampOf(at) };
    this.#publish('/tasks/exit', 'TaskExit', TaskExit, event);
  }

  delete(containerId: string, pid: number, end: ProcessEnd | undefined): void {
    const event = { containerId, id: '', pid, exitStatus: end?.status ?? 0, exitedAt: timestampOf(end?.at) };
    this.#publish('/tasks/delete', 'TaskDelete', TaskDelete, event);
  }

  oom(containerId: string): void {
    this.#publish('/tasks/oom', 'TaskOOM', TaskOOM, { containerId });
  }

  paused(containerId: string): void {
    this.#publish('/tasks/paused', 'TaskPaused', TaskPaused, { containerId });
  }

  resumed(containerId: string): void {
    this.#publish('/tasks/resumed', 'TaskResumed', TaskResumed, { containerId });
  }

  #publish<T>(topic: string, name: string, codec: MessageCodec<T>, event: T): void {
    this.#sink.publish(topic, { typeUrl: `containerd.events.${name}`, value: codec.encode(event).finish() });
  }
}
