import type { IncomingMessage } from 'node:http';
import { bulkPieces } from './bulk-body.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';

/** Pieces are at least this large, the last one excepted: fewer turns of the loop and fewer writes. */
const minPiece = 256 << 10;

/** What waits in memory while its consumer is busy. */
const maxWaiting = 2 << 20;

/**
 * The body of a response in large pieces, each to be used until the next one is asked for. Leaving the loop early destroys the
 * response.
 *
 * @throws KindError `unavailable` when the connection breaks before the body's end.
 */
export async function* bodyPieces(response: IncomingMessage): AsyncGenerator<Buffer, void, void> {
  const bulk = bulkPieces(response);
  if (bulk !== undefined) return yield* bulk;
  const queue = new BodyQueue(response);
  try {
    for (;;) {
      await queue.ready();
      const piece = queue.take();
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    if (!response.complete) response.destroy();
  }
}

/**
 * A body as a whole, for small ones.
 *
 * @throws KindError `failed-precondition` when it has more than `limit` bytes.
 */
export async function wholeBody(response: IncomingMessage, limit: number): Promise<Buffer> {
  const told = Number(response.headers['content-length'] ?? Number.NaN);
  let body = Buffer.allocUnsafe(told <= limit ? told : Math.min(limit, minPiece));
  let total = 0;
  for await (const piece of bodyPieces(response)) {
    const start = total;
    total += piece.length;
    if (total > limit) throw new KindError('failed-precondition', `response has more than ${limit} bytes`);
    if (total > body.length) {
      const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(total, body.length * 2)));
      body.copy(larger, 0, 0, start);
      body = larger;
    }
    piece.copy(body, start);
  }
  return body.subarray(0, total);
}

/** Lets go of a response nobody reads: a short rest is read, so that the connection can be used again. */
export function discardBody(response: IncomingMessage): void {
  response.on('error', () => undefined);
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  if (response.complete || length <= 64 << 10) response.resume();
  else response.destroy();
}

class BodyQueue {
  readonly #response: IncomingMessage;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.on('data', (piece: Buffer) => {
      this.#waiting.push(piece);
      this.#bytes += piece.length;
      if (this.#bytes >= maxWaiting) response.pause();
      if (this.#bytes >= minPiece) this.#wake?.();
    });
    response.once('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
    response.on('error', (error) => this.#fail(error));
    response.once('close', () => {
      if (!this.#ended) this.#fail(new Error('connection closed'));
    });
    // Who listens in before us pauses it until then.
    response.resume();
  }

  /** Resolves when a large piece, the end or a failure is there. */
  async ready(): Promise<void> {
    if (this.#bytes >= minPiece || this.#ended || this.#failure !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  /** All that waits, as one; undefined at the end. What came before a failure is given first. */
  take(): Buffer | undefined {
    if (this.#waiting.length === 0) {
      if (this.#failure === undefined) return undefined;
      if (this.#failure instanceof KindError) throw this.#failure;
      const { message } = this.#failure;
      throw new KindError('unavailable', `response body broke off: ${message}`, { cause: this.#failure });
    }
    const piece = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    this.#response.resume();
    return piece;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#failure ??= error;
    this.#wake?.();
  }
}
