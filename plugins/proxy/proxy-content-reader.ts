import type { ContentDefinition, ReadContentResponse } from '../../api/gen/containerd/services/content/v1/content.ts';
import type { RpcClient } from '../../api/rpc/rpc-client.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentReader } from '../../services/content/content-store.ts';
import { proxyCallOptions } from './proxy-call-options.ts';

type Client = RpcClient<typeof ContentDefinition>;
type Stream = AsyncIterableIterator<ReadContentResponse, undefined>;

/** The blob that a {@link ProxyContentReader} reads. */
export interface ProxiedBlob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Reads a blob behind a socket. One Read call goes on from read to read as long as they follow each other, as they mostly do, and keeps
 * the blob open over there; a read elsewhere begins a new one. What is held here is bounded by the call's own window.
 */
export class ProxyContentReader implements ContentReader {
  readonly size: number;
  readonly #client: Client;
  readonly #scope: Scope;
  readonly #blob: ProxiedBlob;
  #stream: Stream | undefined;
  /** Where the stream's next byte belongs, those in {@link #rest} first. */
  #position = 0;
  #rest: Uint8Array = new Uint8Array();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(client: Client, scope: Scope, blob: ProxiedBlob) {
    this.size = blob.size;
    this.#client = client;
    this.#scope = scope;
    this.#blob = blob;
  }

  /** Opens it over there, and has its first bytes. */
  static async open(client: Client, scope: Scope, blob: ProxiedBlob): Promise<ProxyContentReader> {
    const reader = new ProxyContentReader(client, scope, blob);
    if (blob.size > 0) await reader.#more();
    return reader;
  }

  read(into: Uint8Array, offset: number): Promise<number> {
    const read = this.#turn.then(() => this.#read(into, offset));
    this.#turn = read.catch(() => undefined);
    return read;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #read(into: Uint8Array, offset: number): Promise<number> {
    if (offset >= this.size || into.length === 0) return 0;
    if (offset !== this.#position) {
      await this.#stop();
      this.#position = offset;
    }
    if (this.#rest.length === 0) await this.#more();
    const count = Math.min(this.#rest.length, into.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    this.#position += count;
    return count;
  }

  /** The next bytes of the stream into the rest. */
  async #more(): Promise<void> {
    const { digest } = this.#blob;
    const request = { digest, offset: BigInt(this.#position), size: 0n };
    this.#stream ??= this.#client.read(request, proxyCallOptions(this.#scope));
    while (this.#rest.length === 0) {
      const next = await this.#stream.next();
      if (next.done === true) {
        throw new KindError('data-loss', `content ${digest} ends at ${this.#position} instead of ${this.size}`);
      }
      this.#rest = next.value.data;
    }
  }

  async #stop(): Promise<void> {
    this.#rest = new Uint8Array();
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.return?.();
  }
}
