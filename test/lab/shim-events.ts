import {
  TaskCheckpointed,
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
import { EventsDefinition } from '../../api/gen/containerd/services/events/ttrpc/v1/ttrpc.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { rpcService } from '../../api/rpc/service.ts';
import { SocketStream } from '../../api/transport/socket-stream.ts';
import { listenUnix, type UnixListener } from '../../api/transport/listen-unix.ts';
import { TtrpcServer } from '../../api/ttrpc/ttrpc-server.ts';

/** The types of a task's events, by the last word of their topics. */
export const taskEvents = {
  create: TaskCreate,
  start: TaskStart,
  exit: TaskExit,
  delete: TaskDelete,
  'exec-added': TaskExecAdded,
  'exec-started': TaskExecStarted,
  oom: TaskOOM,
  paused: TaskPaused,
  resumed: TaskResumed,
  checkpointed: TaskCheckpointed,
} as const;

/** The last word of a topic. */
export type TaskTopic = keyof typeof taskEvents;
/** What an event of that topic says. */
export type TaskEvent<T extends TaskTopic> = ReturnType<(typeof taskEvents)[T]['decode']>;

/**
 * Where shims send their events: a ttrpc server in the daemon's place that keeps them in their order. It can go away and come back on the
 * same socket, as a daemon does.
 *
 * @example
 * await using events = await ShimEvents.listen(path);
 * const { exitStatus } = await events.first('exit', ({ id }) => id === container);
 */
export class ShimEvents implements AsyncDisposable {
  readonly path: string;
  readonly received: Envelope[] = [];
  readonly #onEvent = new Set<() => void>();
  #server: TtrpcServer | undefined;
  #listener: UnixListener | undefined;

  static async listen(path: string): Promise<ShimEvents> {
    const events = new ShimEvents(path);
    await events.comeBack();
    return events;
  }

  private constructor(path: string) {
    this.path = path;
  }

  /** Listens again. */
  async comeBack(): Promise<void> {
    const server = new TtrpcServer([
      rpcService(EventsDefinition, {
        forward: ({ envelope }) => {
          if (envelope) this.received.push(envelope);
          for (const tell of this.#onEvent) tell();
          return {};
        },
      }),
    ]);
    this.#server = server;
    this.#listener = await listenUnix({ path: this.path }, (socket) => server.serve(new SocketStream(socket)));
  }

  /** Closes the socket and all connections. */
  async goAway(): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
    this.#listener = undefined;
    this.#server = undefined;
  }

  /** What came of one topic so far, in its order. */
  all<T extends TaskTopic>(topic: T): TaskEvent<T>[] {
    const codec = taskEvents[topic];
    return this.received
      .filter((envelope) => envelope.topic === `/tasks/${topic}`)
      .map(({ event }) => codec.decode(event?.value ?? new Uint8Array()) as TaskEvent<T>);
  }

  /** The first event of a topic that fits; waits for it if need be. */
  async first<T extends TaskTopic>(topic: T, fits: (event: TaskEvent<T>) => boolean): Promise<TaskEvent<T>> {
    return await this.until(() => this.all(topic).find(fits));
  }

  /** Waits until something is found in what came. */
  async until<R>(find: () => R | undefined): Promise<R> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onEvent.add(resolve);
      await promise;
      this.#onEvent.delete(resolve);
    }
  }

  /** The events of one container in their order: the last words of their topics, with the id of the exec if there is one. */
  life(containerId: string): string[] {
    return this.received.flatMap(({ topic, event }) => {
      const word = topic.slice('/tasks/'.length);
      if (!isTaskTopic(word)) return [topic];
      const body: { containerId: string; execId?: string; id?: string } = taskEvents[word].decode(
        event?.value ?? new Uint8Array(),
      );
      if (body.containerId !== containerId) return [];
      const id = body.execId ?? (body.id === containerId ? '' : (body.id ?? ''));
      return [id === '' ? word : `${word} ${id}`];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
  }
}

function isTaskTopic(word: string): word is TaskTopic {
  return Object.hasOwn(taskEvents, word);
}
