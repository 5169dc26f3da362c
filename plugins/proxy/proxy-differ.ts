import { Any } from '../../api/gen/google/protobuf/any.ts';
import { DiffDefinition } from '../../api/gen/containerd/services/diff/v1/diff.ts';
import type { Descriptor as WireDescriptor, Mount as WireMount } from '../../api/gen/containerd/types/types.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ApplyOptions, CompareOptions, DiffService } from '../../services/diff/diff-service.ts';
import { proxyCallOptions } from './proxy-call-options.ts';

/** A differ behind a socket: the Diff service as a differ. */
export class ProxyDiffer implements DiffService {
  readonly #client: RpcClient<typeof DiffDefinition>;

  constructor(transport: RpcTransport) {
    this.#client = rpcClient(transport, DiffDefinition);
  }

  async apply(
    scope: Scope,
    diff: Descriptor,
    mounts: readonly Mount[],
    options: ApplyOptions = {},
  ): Promise<Descriptor> {
    const { syncFs = false } = options;
    const payloads = new Map([...(options.payloads ?? [])].map(([id, payload]) => [id, Any.decode(payload)]));
    const request = { diff: encode(diff), mounts: mounts.map(encodeMount), payloads, syncFs };
    return decode((await this.#client.apply(request, proxyCallOptions(scope))).applied);
  }

  async compare(
    scope: Scope,
    left: readonly Mount[],
    right: readonly Mount[],
    options: CompareOptions = {},
  ): Promise<Descriptor> {
    const { mediaType = '', ref = '', labels, sourceDateEpoch: epoch } = options;
    const request = {
      ...{ left: left.map(encodeMount), right: right.map(encodeMount), mediaType, ref, labels: new Map(labels) },
      sourceDateEpoch: epoch && { seconds: BigInt(epoch.seconds), nanos: epoch.nanoseconds },
    };
    return decode((await this.#client.diff(request, proxyCallOptions(scope))).diff);
  }
}

function encodeMount({ type, source, target, options }: Mount): WireMount {
  return { type, source, target, options: [...options] };
}

function encode({ mediaType, digest, size, annotations }: Descriptor): WireDescriptor {
  return { mediaType, digest, size: BigInt(size), annotations: new Map(annotations) };
}

function decode(descriptor: WireDescriptor | undefined): Descriptor {
  if (!descriptor) throw new KindError('internal', 'differ answered without a layer');
  return { ...descriptor, size: Number(descriptor.size) };
}
