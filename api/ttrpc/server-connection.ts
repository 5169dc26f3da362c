import { KindError } from '../../pkg/errors/kind-error.ts';
import { statusOfError } from '../errors/status-of-error.ts';
import { Request, Response } from '../gen/ttrpc/request.ts';
import type { CallObserver, ObservedCall } from '../rpc/call-observer.ts';
import type { MethodTable, ServedMethod } from '../rpc/method-table.ts';
import { observeCall } from '../rpc/observe-call.ts';
import type { ByteStream } from './byte-stream.ts';
import { FrameConnection } from './frame-connection.ts';
import { frameType, maxFramePayload, type Frame } from './frame.ts';
import { firstValue } from './metadata.ts';
import { ServerStream } from './server-stream.ts';

/** One client of a ttrpc server. */
export class ServerConnection {
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #methods: MethodTable;
  readonly #observers: readonly CallObserver[];
  readonly #connection: FrameConnection;
  readonly #streams = new Map<number, ServerStream>();
  #lastStream = 0;

  constructor(stream: ByteStream, methods: MethodTable, observers: readonly CallObserver[] = []) {
    this.#methods = methods;
    this.#observers = observers;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#connection = new FrameConnection(stream, {
      frame: (frame) => this.#receive(frame),
      oversized: ({ stream: id }, length) => this.#refuseOversized(id, length),
      closed: () => {
        this.abortAll(new KindError('canceled', 'the client has left'));
        resolve();
      },
    });
  }

  /** Ends the calls in flight with an error. */
  abortAll(reason: KindError): void {
    for (const stream of [...this.#streams.values()]) stream.abort(reason);
  }

  /** Sends what is queued and closes. */
  close(): void {
    this.#connection.close();
  }

  #receive(frame: Frame): void {
    try {
      if (frame.stream % 2 !== 1) {
        throw new KindError('invalid-argument', `stream id ${frame.stream} is even; streams of clients have odd ones`);
      }
      if (frame.type === frameType.request) this.#open(frame);
      else if (frame.type === frameType.data) this.#continue(frame);
      // Other types may come to be; what is not known is passed over.
    } catch (error) {
      this.#refuse(frame.stream, error);
    }
  }

  #open({ stream: id, payload }: Frame): void {
    if (id <= this.#lastStream) {
      throw new KindError('invalid-argument', `stream id ${id} is not above ${this.#lastStream}; ids must rise`);
    }
    this.#lastStream = id;
    const request = decodeRequest(payload);
    const method = this.#methods.find(request.service, request.method);
    const observation = observeCall(this.#observers, () => observed(request, method));
    const parts = { connection: this.#connection, observation, onEnd: () => this.#streams.delete(id) };
    const call = new ServerStream(id, method, request, parts);
    this.#streams.set(id, call);
    call.open(request.payload);
  }

  #continue(frame: Frame): void {
    const call = this.#streams.get(frame.stream);
    if (call !== undefined) {
      call.receive(frame);
      return;
    }
    // A client may send on before it learns that its call has ended; anything else is a mistake it should hear of.
    if (frame.stream > this.#lastStream) {
      throw new KindError('invalid-argument', `stream ${frame.stream} has not been opened`);
    }
  }

  #refuseOversized(id: number, length: number): void {
    const limit = `maximum message size of ${maxFramePayload} bytes`;
    const error = new KindError('resource-exhausted', `message length ${length} exceeds ${limit}`);
    const call = this.#streams.get(id);
    if (call === undefined) this.#refuse(id, error);
    else call.abort(error);
  }

  #refuse(stream: number, error: unknown): void {
    const response = { status: { ...statusOfError(error), details: [] }, payload: new Uint8Array() };
    this.#connection.send({ stream, type: frameType.response, flags: 0 }, (writer) =>
      Response.encode(response, writer),
    );
  }
}

function observed(request: Request, { requestStream, responseStream }: ServedMethod): ObservedCall {
  const { service, method, metadata } = request;
  const header = (name: string): string | undefined => firstValue(metadata, name);
  return { transport: 'ttrpc', service, method, requestStream, responseStream, header };
}

function decodeRequest(payload: Uint8Array): Request {
  try {
    return Request.decode(payload);
  } catch (cause) {
    throw new KindError('invalid-argument', `malformed request (${String(cause)})`, { cause });
  }
}
