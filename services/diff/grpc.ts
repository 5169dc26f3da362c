import { DiffDefinition } from '../../api/gen/containerd/services/diff/v1/diff.ts';
import type { Descriptor as WireDescriptor } from '../../api/gen/containerd/types/types.ts';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { DiffService } from './diff-service.ts';

function fromWire(descriptor: WireDescriptor | undefined): Descriptor {
  if (!descriptor) throw new KindError('invalid-argument', 'a diff is required');
  return { ...descriptor, size: Number(descriptor.size) };
}

function toWire({ mediaType, digest, size }: Descriptor): WireDescriptor {
  return { mediaType, digest, size: BigInt(size), annotations: new Map() };
}

/** `containerd.services.diff.v1.Diff` over the differs. */
export function diffGrpc(differ: DiffService): RpcService {
  return rpcService(DiffDefinition, {
    apply: async (request, context) => {
      const payloads = new Map([...request.payloads].map(([id, payload]) => [id, Any.encode(payload).finish()]));
      const options = { syncFs: request.syncFs, payloads };
      const applied = await differ.apply(context.scope(), fromWire(request.diff), request.mounts, options);
      return { applied: toWire(applied) };
    },
    diff: async ({ left, right, mediaType, ref, labels, sourceDateEpoch: epoch }, context) => {
      const sourceDateEpoch = epoch && { seconds: Number(epoch.seconds), nanoseconds: epoch.nanos };
      const diff = await differ.compare(context.scope(), left, right, { mediaType, ref, labels, sourceDateEpoch });
      return { diff: toWire(diff) };
    },
  });
}
