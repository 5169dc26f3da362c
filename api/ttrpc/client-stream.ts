import { KindError } from '../../pkg/errors/kind-error.ts';
import { errorOfAbort } from '../errors/error-of-abort.ts';
import { errorOfStatus } from '../errors/error-of-status.ts';
import { Request, Response } from '../gen/ttrpc/request.ts';
import type { CallOptions } from '../rpc/call-options.ts';
import { MessageQueue } from '../rpc/message-queue.ts';
import type { CalledMethod } from '../rpc/rpc-transport.ts';
import { returnQuietly } from '../rpc/return-quietly.ts';
import type { FrameConnection } from './frame-connection.ts';
import { frameFlag, frameType, type Frame } from './frame.ts';
import { namespaceKey } from './metadata.ts';

/** The longest that timers of the usual hosts can wait, in milliseconds. */
const maxTimer = 2 ** 31 - 1;

/** One call from the client's side. */
export class ClientStream {
  readonly responses: MessageQueue<unknown>;
  readonly #method: CalledMethod;
  readonly #id: number;
  readonly #connection: FrameConnection;
  readonly #options: CallOptions;
  readonly #onEnd: () => void;
  readonly #path: string;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #requests: AsyncIterator<unknown> | undefined;
  #ended = false;
  readonly #onAbort = (): void => this.fail(errorOfAbort(this.#options.signal?.reason, this.#path));

  constructor(method: CalledMethod, id: number, connection: FrameConnection, options: CallOptions, onEnd: () => void) {
    this.#method = method;
    this.#id = id;
    this.#connection = connection;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#path = `/${method.service}/${method.name}`;
    this.responses = new MessageQueue({
      onFull: () => connection.pause(),
      onRoom: () => connection.resume(),
      onReturn: () => this.fail(new KindError('canceled', this.#path)),
    });
    const { signal, timeout } = options;
    if (timeout !== undefined && timeout <= maxTimer) {
      this.#timer = setTimeout(() => this.fail(new KindError('deadline-exceeded', this.#path)), timeout);
    }
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends the request, or opens the stream of requests. */
  open(request: unknown): void {
    try {
      this.#sendRequest(request);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#method.requestStream) void this.#sendAll(request as AsyncIterable<unknown>);
  }

  receive(frame: Frame): void {
    try {
      if (frame.type === frameType.response) this.#receiveResponse(frame.payload);
      else if (frame.type === frameType.data) this.#receiveData(frame);
    } catch (error) {
      this.fail(error instanceof KindError ? error : this.#internal(`malformed response (${String(error)})`, error));
    }
  }

  /** Ends the call from this side. */
  fail(error: unknown): void {
    if (this.#settle()) this.responses.abort(error);
  }

  #sendRequest(request: unknown): void {
    const { namespace, metadata = {}, timeout } = this.#options;
    const pairs = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    if (namespace !== undefined) pairs.push({ key: namespaceKey, value: namespace });
    const { requestStream, responseStream, requestCodec } = this.#method;
    const message: Request = {
      service: this.#method.service,
      method: this.#method.name,
      payload: requestStream ? new Uint8Array() : requestCodec.encode(request).finish(),
      timeoutNano: timeout === undefined ? 0n : BigInt(Math.max(1, Math.ceil(timeout * 1e6))),
      metadata: pairs,
    };
    const flags = requestStream ? frameFlag.remoteOpen : responseStream ? frameFlag.remoteClosed : 0;
    this.#connection.send({ stream: this.#id, type: frameType.request, flags }, (writer) =>
      Request.encode(message, writer),
    );
  }

  async #sendAll(requests: AsyncIterable<unknown>): Promise<void> {
    try {
      const iterator = requests[Symbol.asyncIterator]();
      this.#requests = iterator;
      for (;;) {
        const next = await iterator.next();
        if (this.#ended) return;
        if (next.done === true) break;
        const payload = this.#method.requestCodec.encode(next.value).finish();
        this.#sendData(0, payload);
        await this.#connection.drained;
      }
      this.#requests = undefined;
      this.#sendData(frameFlag.remoteClosed | frameFlag.noData);
    } catch (error) {
      this.fail(error);
    }
  }

  #sendData(flags: number, payload?: Uint8Array): void {
    const head = { stream: this.#id, type: frameType.data, flags };
    this.#connection.send(head, payload && ((writer) => writer.raw(payload)));
  }

  #receiveResponse(payload: Uint8Array): void {
    const response = Response.decode(payload);
    const code = response.status?.code ?? 0;
    if (code !== 0) {
      const error = errorOfStatus({ code, message: response.status?.message ?? '' });
      if (this.#settle()) this.responses.fail(error);
      return;
    }
    // A stream of responses may close with its last message; an empty payload is none.
    if (!this.#method.responseStream || response.payload.length > 0) this.#push(response.payload);
    if (this.#settle()) this.responses.end();
  }

  #receiveData({ flags, payload }: Frame): void {
    if (!this.#method.responseStream) throw this.#internal('data from a method without a stream of responses');
    const last = (flags & frameFlag.remoteClosed) !== 0;
    if (!last || (flags & frameFlag.noData) === 0) this.#push(payload);
    if (last && this.#settle()) this.responses.end();
  }

  #push(payload: Uint8Array): void {
    this.responses.push(this.#method.responseCodec.decode(payload), payload.length + 64);
  }

  #internal(what: string, cause?: unknown): KindError {
    return new KindError('internal', `${this.#path}: ${what}`, { cause });
  }

  #settle(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    returnQuietly(this.#requests);
    this.#requests = undefined;
    this.#onEnd();
    return true;
  }
}
