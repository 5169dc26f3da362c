import { TransferDefinition } from '../../api/gen/containerd/services/transfer/v1/transfer.ts';
import {
  HTTPDebug,
  ImageExportStream,
  ImageImportStream,
  ImageStore,
  OCIRegistry,
} from '../../api/gen/containerd/types/transfer/transfer.ts';
import type { Platform as PlatformMessage } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { normalizePlatform } from '../../pkg/platforms/normalize-platform.ts';
import type { Platform } from '../../pkg/platforms/platform.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { ByteSink } from '../streaming/byte-sink.ts';
import { isAny } from '../../api/any/is-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import { receiveBytes } from '../streaming/receive-bytes.ts';
import type { Stream, StreamManager } from '../streaming/stream-manager.ts';
import { LogStream } from './log-stream.ts';
import { ProgressStream } from './progress-stream.ts';
import type { HttpDebug } from './registry/http-debug.ts';
import { StreamCredentials } from './stream-credentials.ts';
import type { TransferEndpoint } from './transfer-endpoint.ts';
import type { Transferrer } from './transferrer.ts';

/** `containerd.services.transfer.v1.Transfer` over a transferrer. */
export function transferGrpc(transferrer: Transferrer, streams: StreamManager, log: Logger): RpcService {
  return rpcService(TransferDefinition, {
    async transfer(request, context) {
      const scope = context.scope();
      const progressId = request.options?.progressStream ?? '';
      await using opened = new OpenedStreams(streams, scope, log);
      await using progress = progressId === '' ? undefined : new ProgressStream(opened.get(progressId));
      const source = toEndpoint(opened, request.source);
      const destination = toEndpoint(opened, request.destination);
      await transferrer.transfer(scope, source, destination, progress?.report);
      return {};
    },
  });
}

/** The streams that one call named: all end with it, used or not. */
class OpenedStreams implements AsyncDisposable {
  readonly #streams: StreamManager;
  readonly #scope: Scope;
  readonly #opened: Stream[] = [];
  readonly #logs: LogStream[] = [];
  readonly log: Logger;

  constructor(streams: StreamManager, scope: Scope, log: Logger) {
    this.#streams = streams;
    this.#scope = scope;
    this.log = log;
  }

  get(id: string): Stream {
    const stream = this.#streams.get(this.#scope, id);
    this.#opened.push(stream);
    return stream;
  }

  /** Takes text for the client that reads that stream. */
  getLog(id: string): (text: string) => void {
    const logs = new LogStream(this.get(id));
    this.#logs.push(logs);
    return logs.write;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const logs of this.#logs) await logs[Symbol.asyncDispose]();
    for (const stream of this.#opened) stream.close();
  }
}

const endpointName = {
  registry: 'containerd.types.transfer.OCIRegistry',
  images: 'containerd.types.transfer.ImageStore',
  import: 'containerd.types.transfer.ImageImportStream',
  export: 'containerd.types.transfer.ImageExportStream',
} as const;

function toEndpoint(streams: OpenedStreams, any: Any | undefined): TransferEndpoint {
  if (any === undefined) throw new KindError('invalid-argument', 'source and destination must not be empty');
  const { typeUrl } = any;
  if (isAny(any, endpointName.registry)) return toRegistry(streams, unpackAny(any, endpointName.registry, OCIRegistry));
  if (isAny(any, endpointName.images)) return toImages(unpackAny(any, endpointName.images, ImageStore));
  if (isAny(any, endpointName.import)) {
    const { stream, mediaType, forceCompress } = unpackAny(any, endpointName.import, ImageImportStream);
    return { type: 'import', bytes: receiveBytes(streams.get(stream)), mediaType, forceCompress };
  }
  if (isAny(any, endpointName.export)) {
    const message = unpackAny(any, endpointName.export, ImageExportStream);
    const bytes = new ByteSink(streams.get(message.stream));
    return { ...message, type: 'export', bytes, platforms: message.platforms.map(toPlatform) };
  }
  throw new KindError('unimplemented', `transfer of ${JSON.stringify(typeUrl)}`);
}

function toRegistry(streams: OpenedStreams, { reference, resolver }: OCIRegistry): TransferEndpoint {
  const authStream = resolver?.authStream ?? '';
  return {
    type: 'registry',
    reference,
    credentials: authStream === '' ? undefined : new StreamCredentials(streams.get(authStream), reference),
    headers: resolver?.headers ?? new Map<string, string>(),
    hostDir: resolver?.hostDir ?? '',
    defaultScheme: resolver?.defaultScheme ?? '',
    debug: toDebug(streams, resolver?.httpDebug ?? HTTPDebug.DISABLED, resolver?.logsStream ?? ''),
  };
}

function toDebug(streams: OpenedStreams, level: HTTPDebug, logsStream: string): HttpDebug | undefined {
  if (!Object.values(HTTPDebug).includes(level)) throw new KindError('invalid-argument', `http_debug: ${level}`);
  // A stream that was opened is ours to end, used or not.
  const toClient = logsStream === '' ? undefined : streams.getLog(logsStream);
  if (level === HTTPDebug.DISABLED) return undefined;
  const dump = toClient ?? ((text: string): void => streams.log.debug(text));
  return {
    ...(level === HTTPDebug.TRACE ? {} : { dump }),
    ...(level === HTTPDebug.DEBUG ? {} : { trace: streams.log }),
  };
}

function toImages(message: ImageStore): TransferEndpoint {
  return {
    type: 'images',
    name: message.name,
    labels: message.labels,
    platforms: message.platforms.map(toPlatform),
    allMetadata: message.allMetadata,
    manifestLimit: message.manifestLimit,
    extraReferences: message.extraReferences,
    unpacks: message.unpacks.map(({ platform, snapshotter }) => ({
      platform: platform === undefined ? { os: '', architecture: '' } : toPlatform(platform),
      snapshotter,
    })),
  };
}

function toPlatform(message: PlatformMessage): Platform {
  return normalizePlatform({
    os: message.os,
    architecture: message.architecture,
    variant: message.variant,
    osVersion: message.osVersion,
  });
}
