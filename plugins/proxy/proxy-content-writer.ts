import {
  WriteAction,
  type ContentDefinition,
  type WriteContentRequest,
  type WriteContentResponse,
} from '../../api/gen/containerd/services/content/v1/content.ts';
import { MessageQueue } from '../../api/rpc/message-queue.ts';
import type { RpcClient } from '../../api/rpc/rpc-client.ts';
import { fromTimestamp } from '../../api/time/from-timestamp.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentWriter, IngestOptions, IngestStatus } from '../../services/content/content-store.ts';
import { proxyCallOptions } from './proxy-call-options.ts';

type Client = RpcClient<typeof ContentDefinition>;

const pieceSize = 1 << 20;

/** Writes an ingest behind a socket: one Write call, a request, its response, the next request. */
export class ProxyContentWriter implements ContentWriter {
  readonly #requests = new MessageQueue<WriteContentRequest>();
  readonly #responses: AsyncIterableIterator<WriteContentResponse, undefined>;
  #status: IngestStatus;
  #digest = '';
  #ended = false;

  private constructor(client: Client, scope: Scope, { ref, total = 0, expected = '' }: IngestOptions) {
    this.#status = { ref, total, expected, offset: 0, startedAt: 0n, updatedAt: 0n };
    this.#responses = client.write(this.#requests, proxyCallOptions(scope));
  }

  static async open(client: Client, scope: Scope, options: IngestOptions): Promise<ProxyContentWriter> {
    const writer = new ProxyContentWriter(client, scope, options);
    const { total = 0, expected = '' } = options;
    const { startedAt, ...found } = await writer.#call({ total: BigInt(total), expected });
    writer.#status = { ...writer.#status, total: Number(found.total), startedAt: fromTimestamp(startedAt) };
    return writer;
  }

  status(): IngestStatus {
    return this.#status;
  }

  digest(): string {
    return this.#digest;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += pieceSize) {
      const data = bytes.subarray(start, start + pieceSize);
      const { offset } = this.#status;
      await this.#call({ action: WriteAction.WRITE, offset: BigInt(offset), data });
      if (this.#status.offset === offset + data.length) continue;
      throw new KindError('data-loss', `content store took ${this.#status.offset - offset} of ${data.length} bytes`);
    }
  }

  async truncate(): Promise<void> {
    await this.#call({ action: WriteAction.WRITE, offset: 0n });
  }

  async commit(size: number, expected: string, labels?: ReadonlyMap<string, string>): Promise<void> {
    const { offset } = this.#status;
    const given = { total: BigInt(size), expected, labels: new Map(labels) };
    await this.#call({ action: WriteAction.COMMIT, offset: BigInt(offset), ...given });
    await this[Symbol.asyncDispose]();
  }

  /** Settles when the other side has let go of the ingest. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#requests.end();
    // Some repeat their last response when the requests end.
    for await (const _response of this.#responses) continue;
  }

  async #call(fields: Partial<WriteContentRequest>): Promise<WriteContentResponse> {
    if (this.#ended) throw new KindError('failed-precondition', `writer of ref "${this.#status.ref}" is closed`);
    const empty = { action: WriteAction.STAT, total: 0n, expected: '', offset: 0n };
    const request = { ...empty, data: new Uint8Array(), labels: new Map(), ref: this.#status.ref, ...fields };
    this.#requests.push(request);
    try {
      const next = await this.#responses.next();
      if (next.done === true) throw new KindError('internal', 'content store ended a write without a response');
      const { digest, offset, updatedAt } = next.value;
      this.#digest = digest;
      this.#status = { ...this.#status, offset: Number(offset), updatedAt: fromTimestamp(updatedAt) };
      return next.value;
    } catch (error) {
      this.#ended = true;
      this.#requests.end();
      throw error;
    }
  }
}
