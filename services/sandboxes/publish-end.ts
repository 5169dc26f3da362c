import { packAny } from '../../api/any/pack-any.ts';
import { TaskDelete, TaskExit } from '../../api/gen/containerd/events/events.ts';
import type { DeleteResponse } from '../../api/gen/containerd/task/v3/task.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../events/event-exchange.ts';

/**
 * Publishes that a sandbox's shim is no more: as the end of a task of the sandbox's id, which is how containerd tells of every shim.
 * @param response what the shim's binary told of the end, if it did
 */
export function publishEnd(
  events: EventExchange,
  { namespace, id }: { readonly namespace: string; readonly id: string },
  response: DeleteResponse | undefined,
): void {
  const unknown = { pid: 0, exitStatus: 255, exitedAt: toTimestamp(nowNanoseconds()) };
  const { pid, exitStatus, exitedAt } = response ?? unknown;
  const end = { containerId: id, pid, exitStatus, exitedAt };
  events.publish(namespace, '/tasks/exit', packAny('containerd.events.TaskExit', TaskExit, { ...end, id }));
  events.publish(namespace, '/tasks/delete', packAny('containerd.events.TaskDelete', TaskDelete, { ...end, id: '' }));
}
