import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CallOptions } from '../rpc/call-options.ts';
import type { CalledMethod, RpcTransport } from '../rpc/rpc-transport.ts';
import type { ByteStream } from './byte-stream.ts';
import { ClientStream } from './client-stream.ts';
import { FrameConnection } from './frame-connection.ts';
import { frameType, type Frame } from './frame.ts';

const maxStream = 2 ** 32 - 1;

/**
 * Calls a ttrpc peer over one connection; any number of calls run at once.
 *
 * When the connection goes, calls in flight and later ones fail with `unavailable`: it is never made anew, for to
 * the daemon the end of a shim's connection is the end of the shim. The protocol knows no cancelling: a call
 * that is given up here runs on over there.
 *
 * @example
 * const transport = new TtrpcClient(await dialUnix(path));
 * const task = rpcClient(transport, TaskDefinition);
 * void transport.closed.then(() => shimIsGone());
 */
export class TtrpcClient implements RpcTransport, Disposable {
  /** Settles when the connection is gone; with the error if there was one. */
  readonly closed: Promise<Error | undefined>;
  readonly #connection: FrameConnection;
  readonly #streams = new Map<number, ClientStream>();
  #nextStream = 1;

  constructor(stream: ByteStream) {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#connection = new FrameConnection(stream, {
      frame: (frame) => this.#receive(frame),
      oversized: (head, length) => this.#refuse(head, length),
      closed: (error) => {
        resolve(error);
        for (const call of [...this.#streams.values()]) call.fail(unavailable('connection closed', error));
      },
    });
  }

  call(method: CalledMethod, request: unknown, options: CallOptions = {}): AsyncIterableIterator<unknown, undefined> {
    const id = this.#nextStream;
    const call = new ClientStream(method, id, this.#connection, options, () => this.#streams.delete(id));
    if (call.ended) return call.responses;
    if (this.#connection.closed) call.fail(unavailable(`/${method.service}/${method.name}: connection closed`));
    else if (id > maxStream) call.fail(unavailable('no stream ids left on this connection; dial anew'));
    else {
      this.#nextStream += 2;
      this.#streams.set(id, call);
      call.open(request);
    }
    return call.responses;
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  #receive(frame: Frame): void {
    if (this.#isPlausible(frame)) this.#streams.get(frame.stream)?.receive(frame);
  }

  /**
   * Late answers to calls that were given up are dropped. What belongs to no call that was ever made is no ttrpc: a peer that
   * talks nonsense is left, for nothing that it says can be trusted and nobody should wait for an answer.
   */
  #isPlausible({ stream, type }: Omit<Frame, 'payload'>): boolean {
    const known = type === frameType.response || type === frameType.data;
    if (known && stream % 2 === 1 && stream < this.#nextStream) return true;
    const error = unavailable(`the peer does not speak the protocol (frame of type ${type} for stream ${stream})`);
    for (const call of [...this.#streams.values()]) call.fail(error);
    this.#connection.close();
    return false;
  }

  #refuse(head: Omit<Frame, 'payload'>, length: number): void {
    if (!this.#isPlausible(head)) return;
    this.#streams.get(head.stream)?.fail(new KindError('resource-exhausted', `message of ${length} bytes received`));
  }
}

function unavailable(what: string, cause?: Error): KindError {
  const why = cause === undefined ? '' : ` (${cause.message})`;
  return new KindError('unavailable', `ttrpc: ${what}${why}`, { cause });
}
