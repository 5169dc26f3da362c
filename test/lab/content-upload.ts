import {
  type ContentDefinition,
  WriteAction,
  type WriteContentRequest,
  type WriteContentResponse,
} from '../../api/gen/containerd/services/content/v1/content.ts';
import type { CallOptions } from '../../api/rpc/call-options.ts';
import { MessageQueue } from '../../api/rpc/message-queue.ts';
import type { RpcClient } from '../../api/rpc/rpc-client.ts';
import { digestOf } from '../../pkg/digest/digest-of.ts';

const empty: WriteContentRequest = {
  ...{ action: WriteAction.STAT, ref: '', total: 0n, expected: '', offset: 0n },
  ...{ data: new Uint8Array(), labels: new Map() },
};

/**
 * One stream of `Content.Write`, step by step as Go clients do it: each message is answered before the next. Nothing is checked, so that
 * wrong steps can be made. Disposing ends the stream; what was not committed stays, to be resumed.
 */
export class ContentUpload implements AsyncDisposable {
  readonly #requests = new MessageQueue<WriteContentRequest>();
  readonly #responses: AsyncIterator<WriteContentResponse, undefined>;

  constructor(client: RpcClient<typeof ContentDefinition>, options: CallOptions) {
    this.#responses = client.write(this.#requests, options);
  }

  /** Sends a message and gives the answer. @throws KindError the stream's, which is over then. */
  async step(fields: Partial<WriteContentRequest>): Promise<WriteContentResponse> {
    this.#requests.push({ ...empty, ...fields });
    const { value } = await this.#responses.next();
    if (value === undefined) throw new Error('the stream ended without an answer');
    return value;
  }

  /** Opens the ingest and writes all bytes, `piece` bytes a message. */
  async write(ref: string, bytes: Uint8Array, piece = 1 << 20): Promise<void> {
    await this.step({ action: WriteAction.STAT, ref, total: BigInt(bytes.length) });
    for (let begin = 0; begin < bytes.length; begin += piece) {
      const data = bytes.subarray(begin, begin + piece);
      await this.step({ action: WriteAction.WRITE, ref, offset: BigInt(begin), data });
    }
  }

  /** Commits what was written as the blob of these bytes; gives its digest. */
  async commit(ref: string, bytes: Uint8Array, labels: ReadonlyMap<string, string> = new Map()): Promise<string> {
    const expected = digestOf(bytes);
    const total = BigInt(bytes.length);
    await this.step({ action: WriteAction.COMMIT, ref, offset: total, total, expected, labels: new Map(labels) });
    return expected;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests.end();
    // To its end, by when the server has let go of the ingest.
    for (;;) {
      const { done } = await this.#responses.next().catch(() => ({ done: true }));
      if (done === true) return;
    }
  }
}
