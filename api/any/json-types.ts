import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Any } from '../gen/google/protobuf/any.ts';

const runtimeSpec = 'types.containerd.io/opencontainers/runtime-spec/1';

/**
 * Type URLs whose values are JSON instead of protobuf: types that Go clients register by hand. They contain slashes and
 * are compared whole.
 *
 * Source: containerd's typeurl, as its clients use it.
 */
export const jsonTypes = {
  /** Of containers and sandboxes; goes to `config.json` byte by byte. */
  spec: `${runtimeSpec}/Spec`,
  process: `${runtimeSpec}/Process`,
  linuxResources: `${runtimeSpec}/LinuxResources`,
  windowsResources: `${runtimeSpec}/WindowsResources`,
  features: `${runtimeSpec}/features/Features`,
  criContainerMetadata: 'github.com/containerd/cri/pkg/store/container/Metadata',
  criSandboxMetadata: 'github.com/containerd/cri/pkg/store/sandbox/Metadata',
  criUpdatedResources: 'io.containerd.cri.v1/UpdatedResources',
  unexpectedStatus: 'github.com/containerd/containerd/v2/core/remotes/errors/ErrUnexpectedStatus',
} as const;

/** A value as JSON in an Any. */
export function packJson(typeUrl: string, value: unknown): Any {
  return { typeUrl, value: new TextEncoder().encode(JSON.stringify(value)) };
}

/**
 * The JSON value that an Any holds, of the one type that is wanted; its shape is the caller's to check.
 * @throws KindError `invalid-argument`, naming both types, when the Any is missing, holds another type or no JSON.
 */
export function unpackJson(any: Any | undefined, typeUrl: string): unknown {
  if (any?.typeUrl !== typeUrl) {
    throw new KindError('invalid-argument', `want ${typeUrl}, got ${JSON.stringify(any?.typeUrl ?? 'none')}`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(any.value));
  } catch (cause) {
    throw new KindError('invalid-argument', `${typeUrl} is no JSON (${String(cause)})`, { cause });
  }
}
