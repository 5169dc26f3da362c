import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Status } from '../errors/status.ts';
import { statusOfError } from '../errors/status-of-error.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { CallContext } from '../rpc/call-context.ts';
import type { CallObservation } from '../rpc/call-observer.ts';
import { MessageQueue } from '../rpc/message-queue.ts';
import { encodePieces } from '../rpc/encode-pieces.ts';
import type { ServedMethod } from '../rpc/method-table.ts';
import { returnQuietly } from '../rpc/return-quietly.ts';
import type { MessageLimits } from './limits.ts';
import { MessageParser } from './message-parser.ts';
import { checkedLength, sendMessage } from './message-sender.ts';
import { encodeStatusMessage } from './status-message.ts';
import { parseTimeout } from './timeout.ts';

const ok: Status = { code: 0, message: '' };
/** The code of a call whose client has left. */
const canceled = 1;

/** What a {@link ServerCall} is given beside its stream. */
export interface ServerCallParts {
  readonly method: ServedMethod;
  readonly limits: MessageLimits;
  readonly observation: CallObservation | undefined;
}

/**
 * One call on one HTTP/2 stream: from the request's first byte to the trailers.
 *
 * The call ends exactly once: by its handler, by the peer (reset, lost connection), by its deadline or by
 * {@link abort}. After that nothing of the handler is sent, its signal is aborted, and what it still answers is dropped.
 */
export class ServerCall {
  readonly #stream: ServerHttp2Stream;
  readonly #method: ServedMethod;
  readonly #context: CallContext;
  readonly #limits: MessageLimits;
  readonly #observation: CallObservation | undefined;
  readonly #requests: MessageQueue<unknown>;
  readonly #timer: NodeJS.Timeout | undefined;
  /** The deadline had passed when the call came. */
  readonly #isLate: boolean;
  #responses: AsyncIterator<unknown> | undefined;
  #received = 0;
  #request: unknown;
  #headersSent = false;
  #status: Status | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, parts: ServerCallParts) {
    const { method } = parts;
    this.#stream = stream;
    this.#method = method;
    this.#limits = parts.limits;
    this.#observation = parts.observation;
    this.#context = new CallContext({
      method: method.path,
      namespace: firstValue(headers['containerd-namespace']),
      lease: firstValue(headers['containerd-lease']),
      sendHeaders: () => this.#sendHeaders(),
    });
    this.#requests = new MessageQueue({
      onFull: () => stream.pause(),
      onRoom: () => stream.resume(),
      onReturn: () => stream.resume(),
    });
    const timeout = parseTimeout(firstValue(headers['grpc-timeout']));
    this.#isLate = timeout === 0;
    if (timeout !== undefined) {
      this.#timer = setTimeout(() => this.abort(new KindError('deadline-exceeded', method.path)), timeout);
    }
  }

  /** `/package.Service/Method`. */
  get path(): string {
    return this.#method.path;
  }

  /** When it came, in milliseconds since 1970. */
  readonly since = Date.now();

  /** Reads the request and answers it. */
  run(): void {
    const stream = this.#stream;
    stream.on('aborted', () => this.#leave());
    stream.on('close', () => this.#leave());
    stream.on('wantTrailers', () => stream.sendTrailers(trailers(this.#status ?? ok)));
    const parser = new MessageParser(this.#limits.receive, (message) => this.#receive(message));
    stream.on('data', (chunk: Buffer) => {
      if (this.#status !== undefined) return;
      this.#guard(() => parser.push(chunk));
    });
    stream.on('end', () => this.#guard(() => this.#receivedAll(parser.partial)));
    if (this.#isLate) return this.abort(new KindError('deadline-exceeded', this.#method.path));
    if (this.#method.requestStream) this.#begin(this.#requests);
  }

  /** Ends the call with an error of the transport's own, and tells the handler. */
  abort(reason: KindError): void {
    if (this.#status !== undefined) return;
    this.#finish(statusOfError(reason));
    this.#stop(reason);
  }

  /** The stream is gone; without a status before that, the peer gave up. */
  #leave(): void {
    if (this.#status !== undefined) return;
    this.#status = ok;
    this.#observation?.ended?.(canceled);
    this.#stop(new KindError('canceled', `${this.#method.path}: the client has left`));
  }

  #stop(reason: KindError): void {
    clearTimeout(this.#timer);
    this.#context.abort(reason);
    this.#requests.abort(reason);
    this.#stream.resume();
    this.#returnResponses();
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#status !== undefined) return;
    let message: unknown;
    try {
      message = this.#method.requestCodec.decode(bytes);
    } catch (cause) {
      throw new KindError('internal', `${this.#method.path}: malformed request (${String(cause)})`, { cause });
    }
    this.#received++;
    this.#observation?.received?.();
    if (this.#method.requestStream) this.#requests.push(message, bytes.length + 64);
    else this.#request = message;
  }

  #receivedAll(partial: boolean): void {
    if (this.#status !== undefined) return;
    if (partial) throw new KindError('internal', `${this.#method.path}: the request ends within a message`);
    if (this.#method.requestStream) {
      this.#requests.end();
      return;
    }
    if (this.#received !== 1) {
      throw new KindError('internal', `${this.#method.path}: ${this.#received} request messages where one belongs`);
    }
    this.#begin(this.#request);
  }

  #begin(request: unknown): void {
    const run = this.#observation?.run;
    if (run) void run(() => this.#answer(request));
    else void this.#answer(request);
  }

  async #answer(request: unknown): Promise<void> {
    try {
      const result = this.#method.handler(request, this.#context);
      if (this.#method.responseStream) await this.#sendAll(result as AsyncIterable<unknown>);
      else void this.#send(await result);
      this.#finish(ok);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#status !== undefined) return;
    this.#finish(statusOfError(error));
    this.#stop(new KindError('canceled', `${this.#method.path}: the call has ended`));
  }

  async #sendAll(responses: AsyncIterable<unknown>): Promise<void> {
    const iterator = responses[Symbol.asyncIterator]();
    this.#responses = iterator;
    // The next message is made while the one before it leaves; that has left when the one after the next is asked for.
    let pending = iterator.next();
    for (;;) {
      const next = await pending;
      if (this.#status !== undefined) return this.#returnResponses();
      if (next.done === true) break;
      const drained = this.#send(next.value);
      pending = iterator.next();
      if (drained === undefined) continue;
      pending.catch(() => undefined);
      await drained;
    }
    this.#responses = undefined;
  }

  #send(message: unknown): Promise<void> | undefined {
    if (this.#status !== undefined) return undefined;
    const pieces = encodePieces(this.#method.responseCodec, message);
    const length = checkedLength(pieces, this.#limits.send);
    this.#sendHeaders();
    const drained = sendMessage(this.#stream, pieces, length);
    this.#observation?.sent?.();
    return drained;
  }

  /** Lets the handler's iterator clean up; nobody waits for it, and its errors have nowhere to go. */
  #returnResponses(): void {
    returnQuietly(this.#responses);
    this.#responses = undefined;
  }

  #sendHeaders(): void {
    if (this.#headersSent || this.#status !== undefined || this.#stream.destroyed || this.#stream.closed) return;
    this.#headersSent = true;
    this.#stream.respond(
      { ':status': constants.HTTP_STATUS_OK, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    );
  }

  #finish(status: Status): void {
    if (this.#status !== undefined) return;
    this.#status = status;
    this.#observation?.ended?.(status.code);
    clearTimeout(this.#timer);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (this.#headersSent) stream.end();
    else sendStatusOnly(stream, status);
    // A peer that still sends is heard out, so that it reads the status before anything else.
    stream.resume();
  }
}

/** Answers a stream with nothing but a status; `http` is HTTP's, for what is no proper call. */
export function sendStatusOnly(
  stream: ServerHttp2Stream,
  status: Status,
  http: number = constants.HTTP_STATUS_OK,
): void {
  stream.respond({ ':status': http, 'content-type': 'application/grpc', ...trailers(status) }, { endStream: true });
}

function trailers({ code, message }: Status): Record<string, string> {
  if (message === '') return { 'grpc-status': String(code) };
  return { 'grpc-status': String(code), 'grpc-message': encodeStatusMessage(message) };
}

/** A header's first value: Node joins repeated headers with commas; ids hold none. */
export function firstValue(header: string | string[] | undefined): string | undefined {
  const first = Array.isArray(header) ? header[0] : header;
  return first?.split(',', 1)[0]?.trim();
}
