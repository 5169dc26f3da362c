import type { Container as ContainerMessage } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import type { Container, ContainerFields } from './container-store.ts';

/** A container as a message. */
export function encodeContainer(container: Container): ContainerMessage {
  const { labels, runtime, createdAt, updatedAt, extensions, ...rest } = container;
  return {
    ...rest,
    labels: new Map(labels),
    runtime,
    createdAt: toTimestamp(createdAt),
    updatedAt: toTimestamp(updatedAt),
    extensions: new Map(extensions),
  };
}

/** What a caller gave of a container; the times are the store's. What is missing is empty, and for the store to refuse. */
export function decodeContainer(message: ContainerMessage | undefined): ContainerFields {
  return {
    id: message?.id ?? '',
    labels: message?.labels ?? new Map(),
    image: message?.image ?? '',
    runtime: { name: message?.runtime?.name ?? '', options: copyAny(message?.runtime?.options) },
    spec: copyAny(message?.spec),
    snapshotter: message?.snapshotter ?? '',
    snapshotKey: message?.snapshotKey ?? '',
    extensions: new Map([...(message?.extensions ?? [])].map(([name, any]) => [name, ownAny(any)])),
    sandbox: message?.sandbox ?? '',
  };
}

function copyAny(any: Any | undefined): Any | undefined {
  return any && ownAny(any);
}

/** A decoded message's bytes are a view of the whole request, which a record that lives long must not hold on to. */
function ownAny({ typeUrl, value }: Any): Any {
  return { typeUrl, value: value.slice() };
}
