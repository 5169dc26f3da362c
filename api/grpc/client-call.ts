import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { ErrorKind } from '../../pkg/errors/error-kind.ts';
import { errorOfStatus } from '../errors/error-of-status.ts';
import { errorOfAbort } from '../errors/error-of-abort.ts';
import type { CallOptions } from '../rpc/call-options.ts';
import { encodePieces } from '../rpc/encode-pieces.ts';
import { MessageQueue } from '../rpc/message-queue.ts';
import type { CalledMethod } from '../rpc/rpc-transport.ts';
import { returnQuietly } from '../rpc/return-quietly.ts';
import { maxMessageSize } from './limits.ts';
import { MessageParser } from './message-parser.ts';
import { checkedLength, sendMessage } from './message-sender.ts';
import { decodeStatusMessage } from './status-message.ts';

const kindOfHttpStatus: Readonly<Record<number, ErrorKind>> = {
  400: 'internal',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'unimplemented',
  429: 'unavailable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

const kindOfReset: Readonly<Record<number, ErrorKind>> = {
  [constants.NGHTTP2_REFUSED_STREAM]: 'unavailable',
  [constants.NGHTTP2_CANCEL]: 'canceled',
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: 'resource-exhausted',
  [constants.NGHTTP2_INADEQUATE_SECURITY]: 'permission-denied',
};

/** One call from the client's side; {@link responses} is what its caller reads. */
export class ClientCall {
  readonly responses: MessageQueue<unknown>;
  readonly #path: string;
  readonly #method: CalledMethod;
  readonly #options: CallOptions;
  #stream: ClientHttp2Stream | undefined;
  #requests: AsyncIterator<unknown> | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #httpStatus = 0;
  #ended = false;
  #cause: Error | undefined;
  readonly #onAbort = (): void => this.fail(errorOfAbort(this.#options.signal?.reason, this.#path));

  constructor(method: CalledMethod, options: CallOptions) {
    this.#method = method;
    this.#options = options;
    this.#path = `/${method.service}/${method.name}`;
    this.responses = new MessageQueue({
      onFull: () => this.#stream?.pause(),
      onRoom: () => this.#stream?.resume(),
      onReturn: () => this.fail(new KindError('canceled', this.#path)),
    });
    const { signal, timeout } = options;
    if (timeout !== undefined) {
      this.#timer = setTimeout(() => this.fail(new KindError('deadline-exceeded', this.#path)), timeout);
    }
    signal?.addEventListener('abort', this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
  }

  /** Whether the call is over; it needs no stream then. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends the request over a stream of its own and reads what comes back. */
  run(stream: ClientHttp2Stream, request: unknown): void {
    this.#stream = stream;
    stream.on('error', (error: Error) => (this.#cause = error));
    stream.on('response', (headers) => this.#respond(headers));
    stream.on('trailers', (headers: IncomingHttpHeaders) => (this.#trailers = headers));
    const parser = new MessageParser(maxMessageSize, (bytes) => this.#receive(bytes));
    stream.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      try {
        parser.push(chunk);
      } catch (error) {
        this.fail(error);
      }
    });
    stream.on('end', () => this.#receivedAll());
    stream.on('close', () => this.#closed());
    void this.#sendAll(stream, request);
  }

  /** Ends the call from this side. */
  fail(error: unknown): void {
    if (!this.#settle()) return;
    this.responses.abort(error);
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    stream.close(constants.NGHTTP2_CANCEL);
    stream.resume();
  }

  #respond(headers: IncomingHttpHeaders): void {
    this.#httpStatus = Number(headers[':status']);
    if (headers['grpc-status'] !== undefined) this.#trailers = headers;
    this.#options.onHeaders?.();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.responses.push(this.#method.responseCodec.decode(bytes), bytes.length + 64);
  }

  /** The status counts once all messages before it are handed over. */
  #receivedAll(): void {
    const status = this.#trailers?.['grpc-status'];
    if (status === undefined) return;
    if (!this.#settle()) return;
    const code = Number(status);
    if (code === 0) this.responses.end();
    else
      this.responses.fail(
        errorOfStatus({ code, message: decodeStatusMessage(text(this.#trailers?.['grpc-message'])) }),
      );
    // A server that answers early reads no more.
    if (this.#stream?.writableFinished === false) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #closed(): void {
    this.#receivedAll();
    if (!this.#settle()) return;
    this.responses.fail(this.#errorOfClose());
  }

  #errorOfClose(): KindError {
    const reset = this.#stream?.rstCode ?? 0;
    if (this.#httpStatus !== 0 && this.#httpStatus !== constants.HTTP_STATUS_OK) {
      const kind = kindOfHttpStatus[this.#httpStatus] ?? 'unknown';
      return new KindError(kind, `${this.#path}: HTTP status ${this.#httpStatus}`);
    }
    if (this.#stream?.session?.destroyed !== false) {
      const why = this.#cause?.message ?? 'connection closed';
      return new KindError('unavailable', `${this.#path}: ${why}`, { cause: this.#cause });
    }
    return new KindError(
      kindOfReset[reset] ?? 'internal',
      `${this.#path}: stream ended with code ${reset}, without a status`,
    );
  }

  #settle(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    returnQuietly(this.#requests);
    this.#requests = undefined;
    return true;
  }

  async #sendAll(stream: ClientHttp2Stream, request: unknown): Promise<void> {
    try {
      if (this.#method.requestStream) await this.#sendEach(stream, request as AsyncIterable<unknown>);
      else void this.#send(stream, request);
      if (!stream.destroyed) stream.end();
    } catch (error) {
      this.fail(error);
    }
  }

  async #sendEach(stream: ClientHttp2Stream, requests: AsyncIterable<unknown>): Promise<void> {
    const iterator = requests[Symbol.asyncIterator]();
    this.#requests = iterator;
    for (;;) {
      const next = await iterator.next();
      if (this.#ended || stream.closed) return;
      if (next.done === true) break;
      const drained = this.#send(stream, next.value);
      if (drained !== undefined) await drained;
    }
    this.#requests = undefined;
  }

  #send(stream: ClientHttp2Stream, message: unknown): Promise<void> | undefined {
    const pieces = encodePieces(this.#method.requestCodec, message);
    return sendMessage(stream, pieces, checkedLength(pieces, maxMessageSize));
  }
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
