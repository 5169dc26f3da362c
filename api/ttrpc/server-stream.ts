import { KindError } from '../../pkg/errors/kind-error.ts';
import { statusOfError } from '../errors/status-of-error.ts';
import { Response, type Request } from '../gen/ttrpc/request.ts';
import { CallContext } from '../rpc/call-context.ts';
import type { CallObservation } from '../rpc/call-observer.ts';
import { MessageQueue } from '../rpc/message-queue.ts';
import type { ServedMethod } from '../rpc/method-table.ts';
import { returnQuietly } from '../rpc/return-quietly.ts';
import type { FrameConnection } from './frame-connection.ts';
import { frameFlag, frameType, type Frame } from './frame.ts';
import { firstValue, namespaceKey } from './metadata.ts';

const maxTimer = 2n ** 31n - 1n;

/** What a {@link ServerStream} is given beside its request. */
export interface ServerStreamParts {
  readonly connection: FrameConnection;
  readonly observation: CallObservation | undefined;
  readonly onEnd: () => void;
}

/**
 * One call from the server's side. It ends exactly once: by its handler, its deadline, the end of the connection or a
 * protocol error of the client's. After that its signal is aborted unless the handler had ended, and what the handler
 * still answers is dropped.
 */
export class ServerStream {
  readonly #id: number;
  readonly #method: ServedMethod;
  readonly #connection: FrameConnection;
  readonly #context: CallContext;
  readonly #requests: MessageQueue<unknown>;
  readonly #onEnd: () => void;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #observation: CallObservation | undefined;
  #responses: AsyncIterator<unknown> | undefined;
  #ended = false;

  constructor(id: number, method: ServedMethod, request: Request, parts: ServerStreamParts) {
    const { connection, onEnd } = parts;
    this.#observation = parts.observation;
    this.#id = id;
    this.#method = method;
    this.#connection = connection;
    this.#onEnd = onEnd;
    this.#context = new CallContext({
      method: method.path,
      namespace: firstValue(request.metadata, namespaceKey),
      lease: undefined,
    });
    this.#requests = new MessageQueue({ onFull: () => connection.pause(), onRoom: () => connection.resume() });
    const timeout = (request.timeoutNano + 999_999n) / 1_000_000n;
    if (timeout > 0n && timeout <= maxTimer) {
      this.#timer = setTimeout(() => this.abort(new KindError('deadline-exceeded', method.path)), Number(timeout));
    }
  }

  /** Begins to answer. @param payload the request's own: the one message, or for a stream its first if not empty */
  open(payload: Uint8Array): void {
    try {
      if (!this.#method.requestStream) {
        this.#begin(this.#decode(payload));
        return;
      }
      if (payload.length > 0) this.#requests.push(this.#decode(payload), payload.length + 64);
      this.#begin(this.#requests);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes a data frame. */
  receive({ flags, payload }: Frame): void {
    try {
      if (!this.#method.requestStream)
        throw new KindError('invalid-argument', `${this.#method.path}: data after the request`);
      if ((flags & frameFlag.noData) === 0) this.#requests.push(this.#decode(payload), payload.length + 64);
      if ((flags & frameFlag.remoteClosed) !== 0) this.#requests.end();
    } catch (error) {
      this.abort(error instanceof KindError ? error : new KindError('internal', String(error)));
    }
  }

  /** Ends the call with an error of the transport's own, and tells the handler. */
  abort(reason: KindError): void {
    this.#fail(reason, reason);
  }

  #decode(payload: Uint8Array): unknown {
    this.#observation?.received?.();
    try {
      return this.#method.requestCodec.decode(payload);
    } catch (cause) {
      throw new KindError('invalid-argument', `${this.#method.path}: malformed request (${String(cause)})`, { cause });
    }
  }

  #begin(request: unknown): void {
    const run = this.#observation?.run;
    if (run) void run(() => this.#answer(request));
    else void this.#answer(request);
  }

  async #answer(request: unknown): Promise<void> {
    try {
      const result = this.#method.handler(request, this.#context);
      if (this.#method.responseStream) {
        await this.#sendAll(result as AsyncIterable<unknown>);
        this.#finish(0, () => this.#sendData(frameFlag.remoteClosed | frameFlag.noData));
      } else {
        const payload = this.#method.responseCodec.encode(await result).finish();
        this.#finish(0, () => this.#sendResponse({ status: undefined, payload }));
        this.#observation?.sent?.();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    const iterator = responses[Symbol.asyncIterator]();
    this.#responses = iterator;
    for (;;) {
      const next = await iterator.next();
      if (this.#ended) return this.#returnResponses();
      if (next.done === true) break;
      this.#sendData(0, this.#method.responseCodec.encode(next.value).finish());
      this.#observation?.sent?.();
      await this.#connection.drained;
    }
    this.#responses = undefined;
  }

  #fail(error: unknown, reason?: KindError): void {
    if (this.#ended) return;
    const status = { ...statusOfError(error), details: [] };
    this.#finish(status.code, () => this.#sendResponse({ status, payload: new Uint8Array() }));
    const stop = reason ?? new KindError('canceled', `${this.#method.path}: the call has ended`);
    this.#context.abort(stop);
    this.#requests.abort(stop);
    this.#returnResponses();
  }

  /** @throws what `send` throws, with the call still open, so that it can end with that. */
  #finish(code: number, send: () => void): void {
    if (this.#ended) return;
    send();
    this.#ended = true;
    this.#observation?.ended?.(code);
    clearTimeout(this.#timer);
    // What the client still sends is for nobody: the queue lets go of the connection.
    void this.#requests.return();
    this.#onEnd();
  }

  #returnResponses(): void {
    returnQuietly(this.#responses);
    this.#responses = undefined;
  }

  #sendData(flags: number, payload?: Uint8Array): void {
    const head = { stream: this.#id, type: frameType.data, flags };
    this.#connection.send(head, payload && ((writer) => writer.raw(payload)));
  }

  #sendResponse(response: Response): void {
    const head = { stream: this.#id, type: frameType.response, flags: 0 };
    this.#connection.send(head, (writer) => Response.encode(response, writer));
  }
}
