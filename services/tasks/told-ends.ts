import { TaskDelete, TaskExit } from '../../api/gen/containerd/events/events.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import type { TaskExit as Exit } from './task-exit.ts';

/** Further processes of a task whose exits are remembered; those of more than these may be told twice. */
const maxExits = 1024;

/** What has been told of a task. */
interface Told {
  /** Whose exits: exec ids, the task's own as the empty one. */
  readonly exits: Set<string>;
  delete: boolean;
}

/**
 * Sees to it that every task that ends is told to have ended, once: by its shim, or by us where the shim did not live to.
 * Shims send events beside their answers, and one that is asked to end right after a delete may take the last with it.
 */
export class ToldEnds implements Disposable {
  readonly #exchange: EventExchange;
  readonly #onExit: (namespace: string, id: string, execId: string) => void;
  readonly #stop = new AbortController();
  readonly #tasks = new Map<string, Told>();

  /** @param onExit is called for the end of each process of a task that is watched; the exec id of the first one is empty */
  constructor(exchange: EventExchange, onExit: (namespace: string, id: string, execId: string) => void) {
    this.#exchange = exchange;
    this.#onExit = onExit;
    const filters = ['topic=="/tasks/exit"', 'topic=="/tasks/delete"'];
    void this.#follow(exchange.subscribe(filters, this.#stop.signal), filters);
  }

  /** From now on events of this task are looked for. */
  watch(namespace: string, id: string): void {
    this.#tasks.set(`${namespace}/${id}`, { exits: new Set(), delete: false });
  }

  forget(namespace: string, id: string): void {
    this.#tasks.delete(`${namespace}/${id}`);
  }

  /** Forgets a further process of a task, whose name may be given anew. */
  forgetProcess(namespace: string, id: string, execId: string): void {
    this.#tasks.get(`${namespace}/${id}`)?.exits.delete(execId);
  }

  /** Whether the end of a process of a task that is watched has been told; an empty `execId` means the first one. */
  hasTold(namespace: string, id: string, execId: string): boolean {
    return this.#tasks.get(`${namespace}/${id}`)?.exits.has(execId) === true;
  }

  /** Publishes what has not been told of a task whose shim is gone, and forgets the task. */
  tell(namespace: string, id: string, { pid, exitStatus, exitedAt }: Exit): void {
    const told = this.#tasks.get(`${namespace}/${id}`);
    this.forget(namespace, id);
    const event = { containerId: id, pid, exitStatus, exitedAt };
    if (!told?.exits.has('')) {
      const value = TaskExit.encode({ ...event, id }).finish();
      this.#exchange.publish(namespace, '/tasks/exit', { typeUrl: 'containerd.events.TaskExit', value });
    }
    if (!told?.delete) {
      const value = TaskDelete.encode({ ...event, id: '' }).finish();
      this.#exchange.publish(namespace, '/tasks/delete', { typeUrl: 'containerd.events.TaskDelete', value });
    }
  }

  /** Stops looking; idempotent. */
  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #follow(events: AsyncIterable<Envelope>, filters: readonly string[]): Promise<void> {
    try {
      for await (const envelope of events) this.#note(envelope);
    } catch {
      // More came at once than may wait for a subscriber: what was missed is told twice at worst.
      if (!this.#stop.signal.aborted) void this.#follow(this.#exchange.subscribe(filters, this.#stop.signal), filters);
    }
  }

  #note({ namespace, topic, event }: Envelope): void {
    const exit = topic === '/tasks/exit';
    try {
      const { containerId, id } = (exit ? TaskExit : TaskDelete).decode(event?.value ?? new Uint8Array());
      const told = this.#tasks.get(`${namespace}/${containerId}`);
      // Further processes exit and are deleted under ids of their own.
      const execId = id === containerId ? '' : id;
      if (!told) return;
      if (!exit) told.delete ||= execId === '';
      else {
        if (execId === '' || told.exits.size < maxExits) told.exits.add(execId);
        this.#onExit(namespace, containerId, execId);
      }
    } catch {
      // Anybody may publish under these topics.
    }
  }
}
