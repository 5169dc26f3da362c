import type { Sandbox as SandboxMessage } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import type { Sandbox, SandboxFields } from './sandbox-store.ts';

/** A sandbox as a message. */
export function encodeSandbox(sandbox: Sandbox): SandboxMessage {
  const { id, labels, runtime, spec, sandboxer, createdAt, updatedAt, extensions } = sandbox;
  return {
    sandboxId: id,
    runtime,
    spec,
    labels: new Map(labels),
    createdAt: toTimestamp(createdAt),
    updatedAt: toTimestamp(updatedAt),
    extensions: new Map(extensions),
    sandboxer,
  };
}

/** What a caller gave of a sandbox; the times are the store's. What is missing is empty, and for the store to refuse. */
export function decodeSandbox(message: SandboxMessage | undefined): SandboxFields {
  return {
    id: message?.sandboxId ?? '',
    labels: message?.labels ?? new Map(),
    runtime: { name: message?.runtime?.name ?? '', options: copyAny(message?.runtime?.options) },
    spec: copyAny(message?.spec),
    sandboxer: message?.sandboxer ?? '',
    extensions: new Map([...(message?.extensions ?? [])].map(([name, any]) => [name, ownAny(any)])),
  };
}

function copyAny(any: Any | undefined): Any | undefined {
  return any && ownAny(any);
}

/** A decoded message's bytes are a view of the whole request, which a record that lives long must not hold on to. */
function ownAny({ typeUrl, value }: Any): Any {
  return { typeUrl, value: value.slice() };
}
