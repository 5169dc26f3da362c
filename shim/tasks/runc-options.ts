import { CheckpointOptions, Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';

/** The runtime's options of a request; an Any without a value, of whatever type, stands for the usual ones. */
export function runcOptions(any: Any | undefined): Options {
  if (any === undefined || any.value.length === 0) return Options.decode(new Uint8Array());
  return unpackAny(any, 'containerd.runc.v1.Options', Options);
}

/** The same of a checkpoint. */
export function checkpointOptions(any: Any | undefined): CheckpointOptions {
  if (any === undefined || any.value.length === 0) return CheckpointOptions.decode(new Uint8Array());
  return unpackAny(any, 'containerd.runc.v1.CheckpointOptions', CheckpointOptions);
}
