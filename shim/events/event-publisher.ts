import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { CalledMethod } from '../../api/rpc/rpc-transport.ts';
import { TtrpcClient } from '../../api/ttrpc/ttrpc-client.ts';
import type { ErrorKind } from '../../pkg/errors/error-kind.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { FdStream } from '../host/fd-stream.ts';
import { host } from '../host/host.ts';
import { encodeForward } from './encode-forward.ts';
import { EventQueue, type QueuedEvent } from './event-queue.ts';
import { Redial } from './redial.ts';

/** Milliseconds that the daemon has to take an event. */
const callTimeout = 5_000;
/** Milliseconds before a daemon that did not answer, or could not take an event, is asked again. */
const pauseAfterFailure = 1_000;
/** How often an event is offered to a daemon that answers that it failed. */
const mostTries = 5;
/** What waits while the daemon is away. A container's whole life is five events of some hundred bytes. */
const limits = { events: 2_048, bytes: 1 << 20 };

/** The daemon will not take such an event at another time either. */
const refusals: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'invalid-argument',
  'not-found',
  'already-exists',
  'permission-denied',
  'failed-precondition',
  'out-of-range',
  'unimplemented',
  'unauthenticated',
]);

/** Requests are encoded when they happen; the answer is empty. */
const forward: CalledMethod = {
  service: 'containerd.services.events.ttrpc.v1.Events',
  name: 'Forward',
  requestStream: false,
  responseStream: false,
  requestCodec: { encode: (payload) => ({ finish: () => payload as Uint8Array }), decode: (bytes) => bytes },
  responseCodec: { encode: () => ({ finish: () => new Uint8Array() }), decode: (bytes) => bytes },
};

/**
 * Tells the daemon of events, in their order, one at a time.
 *
 * The life of an event: `publish` stamps, encodes and queues it and returns at once. The first of the queue is sent; once the daemon has
 * answered, it is taken out and the next one is sent. The connection is made for the first event. When it goes, or nobody listens, what waits
 * stays, and the daemon is dialled until it is there again: an event that it took without answering then comes twice. A daemon that refuses an
 * event loses that one only. What is over the limits is given up, exits last.
 *
 * @example
 * const events = new EventPublisher(address, 'default');
 * events.publish('/tasks/exit', { typeUrl: 'containerd.events.TaskExit', value: TaskExit.encode(exit).finish() });
 * await events.idle();
 */
export class EventPublisher implements Disposable {
  readonly #path: string;
  readonly #namespace: string;
  readonly #queue = new EventQueue(limits);
  readonly #redial: Redial;
  #client: TtrpcClient | undefined;
  /** Since the connection was made. */
  #delivered = 0;
  #tries = 0;
  #lost = 0;
  #sending: Promise<void> | undefined;
  #disposed = false;

  /** @param address path of the daemon's ttrpc socket, `unix://` before it or not, `@` for an abstract one. Empty: there is nobody to tell. */
  constructor(address: string, namespace: string) {
    this.#path = address.startsWith('unix://') ? address.slice('unix://'.length) : address;
    this.#namespace = namespace;
    this.#redial = new Redial(this.#path);
  }

  /** Never fails, and never waits. After the end: ignored. */
  publish(topic: string, event: Any): void {
    if (this.#disposed || this.#path === '') return;
    const payload = encodeForward({ namespace: this.#namespace, topic, event, timestamp: host.now() });
    this.#giveUp(this.#queue.push({ topic, payload }));
    this.#sending ??= this.#send();
  }

  /** Settles when no event waits any more: all were taken, refused, or given up. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  /** Closes the connection; what waits is given up. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#queue.clear();
    this.#redial[Symbol.dispose]();
    this.#leave();
  }

  async #send(): Promise<void> {
    for (let event = this.#queue.first; event !== undefined; event = this.#queue.first) {
      const client = this.#connected();
      if (client === undefined) await this.#redial.wait();
      else await this.#deliver(client, event);
    }
    this.#sending = undefined;
  }

  #connected(): TtrpcClient | undefined {
    if (this.#client !== undefined) return this.#client;
    try {
      const client = new TtrpcClient(new FdStream(host.connectUnix(this.#path)));
      this.#client = client;
      this.#delivered = 0;
      void client.closed.then(() => {
        if (this.#client === client) this.#client = undefined;
      });
      return client;
    } catch (error) {
      if (isSystemError(error)) return undefined;
      throw error;
    }
  }

  async #deliver(client: TtrpcClient, event: QueuedEvent): Promise<void> {
    try {
      for await (const _ of client.call(forward, event.payload, { timeout: callTimeout }));
      this.#done(event);
      this.#delivered++;
      this.#redial.reset();
      this.#tellOfLosses();
    } catch (error) {
      await this.#failed(client, event, error);
    }
  }

  async #failed(client: TtrpcClient, event: QueuedEvent, error: unknown): Promise<void> {
    if (this.#disposed) return;
    // The connection of a daemon that was restarted: the new one may be there.
    if (this.#client !== client && this.#delivered > 0) return;
    if (this.#client !== client) return this.#redial.wait();
    const kind = kindOf(error);
    // It is no use to wait for its answer any longer, nor to send it more on this connection.
    if (kind === 'deadline-exceeded') this.#leave();
    else if (refusals.has(kind) || ++this.#tries >= mostTries) {
      host.log(`the daemon did not take an event ${event.topic}: ${String(error)}`);
      return this.#done(event);
    }
    await this.#redial.wait(pauseAfterFailure);
  }

  /** Takes an event out that was the first; it may have been given up meanwhile, with all others. */
  #done(event: QueuedEvent): void {
    if (this.#queue.first === event) this.#queue.shift();
    this.#tries = 0;
  }

  #leave(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.[Symbol.dispose]();
  }

  #giveUp(count: number): void {
    if (count > 0 && this.#lost === 0) host.log('the daemon has been away for long: events are being given up');
    this.#lost += count;
  }

  #tellOfLosses(): void {
    if (this.#lost > 0) host.log(`${this.#lost} events were given up while the daemon was away`);
    this.#lost = 0;
  }
}
