import { packAny } from '../../api/any/pack-any.ts';
import { StreamInit } from '../../api/gen/containerd/services/streaming/v1/streaming.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { MessageQueue } from '../../api/rpc/message-queue.ts';
import type { Stream } from '../../services/streaming/stream-manager.ts';
import type { DaemonCalls } from './daemon-calls.ts';
import { uniqueName } from './unique-name.ts';

/** A client's side of a stream that a daemon knows, for another call to name. */
export class ClientStream implements Stream {
  readonly id = uniqueName('stream');
  readonly #requests = new MessageQueue<Any>();
  readonly #answers: AsyncIterator<Any, undefined>;

  /** @param signal gives the stream up */
  static async open(calls: DaemonCalls, signal?: AbortSignal): Promise<ClientStream> {
    const stream = new ClientStream(calls, signal);
    // The daemon knows it by now.
    await stream.#answers.next();
    return stream;
  }

  private constructor({ streaming, options }: DaemonCalls, signal: AbortSignal | undefined) {
    this.#requests.push(packAny('containerd.services.streaming.v1.StreamInit', StreamInit, { id: this.id }));
    this.#answers = streaming.stream(this.#requests, { ...options, signal });
  }

  async receive(): Promise<Any | undefined> {
    return (await this.#answers.next()).value;
  }

  async send(message: Any): Promise<void> {
    this.#requests.push(message);
  }

  close(): void {
    this.#requests.end();
  }
}
