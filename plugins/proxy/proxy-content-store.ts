import { ContentDefinition, type Info, type Status } from '../../api/gen/containerd/services/content/v1/content.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { fromTimestamp } from '../../api/time/from-timestamp.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type {
  ContentInfo,
  ContentReader,
  ContentStore,
  ContentWriter,
  IngestOptions,
  IngestStatus,
} from '../../services/content/content-store.ts';
import { proxyCallOptions } from './proxy-call-options.ts';
import { ProxyContentReader } from './proxy-content-reader.ts';
import { ProxyContentWriter } from './proxy-content-writer.ts';

/** A content store behind a socket: the Content service as a store. */
export class ProxyContentStore implements ContentStore {
  readonly remote = true;
  readonly #client: RpcClient<typeof ContentDefinition>;

  constructor(transport: RpcTransport) {
    this.#client = rpcClient(transport, ContentDefinition);
  }

  async info(scope: Scope, digest: string): Promise<ContentInfo> {
    return decodeInfo((await this.#client.info({ digest }, proxyCallOptions(scope))).info);
  }

  async update(
    scope: Scope,
    { digest, labels }: Pick<ContentInfo, 'digest' | 'labels'>,
    paths: readonly string[],
  ): Promise<ContentInfo> {
    const info = { digest, labels: new Map(labels), size: 0n, createdAt: undefined, updatedAt: undefined };
    const updateMask = paths.length > 0 ? [...paths] : undefined;
    return decodeInfo((await this.#client.update({ info, updateMask }, proxyCallOptions(scope))).info);
  }

  async *list(scope: Scope, filters: readonly string[]): AsyncGenerator<ContentInfo> {
    for await (const { info } of this.#client.list({ filters: [...filters] }, proxyCallOptions(scope))) {
      yield* info.map(decodeInfo);
    }
  }

  async delete(scope: Scope, digest: string): Promise<void> {
    await this.#client.delete({ digest }, proxyCallOptions(scope));
  }

  async reader(scope: Scope, digest: string): Promise<ContentReader> {
    const { size } = await this.info(scope, digest);
    return await ProxyContentReader.open(this.#client, scope, { digest, size });
  }

  async status(scope: Scope, ref: string): Promise<IngestStatus> {
    return decodeStatus((await this.#client.status({ ref }, proxyCallOptions(scope))).status);
  }

  async listStatuses(scope: Scope, filters: readonly string[]): Promise<readonly IngestStatus[]> {
    const { statuses } = await this.#client.listStatuses({ filters: [...filters] }, proxyCallOptions(scope));
    return statuses.map(decodeStatus);
  }

  async abort(scope: Scope, ref: string): Promise<void> {
    await this.#client.abort({ ref }, proxyCallOptions(scope));
  }

  async writer(scope: Scope, options: IngestOptions): Promise<ContentWriter> {
    return await ProxyContentWriter.open(this.#client, scope, options);
  }
}

function decodeInfo(info: Info | undefined): ContentInfo {
  if (!info) throw new KindError('internal', 'content store answered without a blob');
  const { digest, size, labels, createdAt, updatedAt } = info;
  const times = { createdAt: fromTimestamp(createdAt), updatedAt: fromTimestamp(updatedAt) };
  return { digest, size: Number(size), labels, ...times };
}

function decodeStatus(status: Status | undefined): IngestStatus {
  if (!status) throw new KindError('internal', 'content store answered without an ingest');
  const { ref, offset, total, expected, startedAt, updatedAt } = status;
  const times = { startedAt: fromTimestamp(startedAt), updatedAt: fromTimestamp(updatedAt) };
  return { ref, offset: Number(offset), total: Number(total), expected, ...times };
}
