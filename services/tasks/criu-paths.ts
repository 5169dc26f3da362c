import { CheckpointOptions, Options } from '../../api/gen/containerd/runc/v1/runc.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** The directory that a checkpoint is to be written to, by the options of runc's shim; empty when they name none. */
export function checkpointDirectory(options: Any | undefined): string {
  return decoded(options, 'containerd.runc.v1.CheckpointOptions', (bytes) => CheckpointOptions.decode(bytes).imagePath);
}

/** The directory of a checkpoint that a task is to be made from, by the options of runc's shim; empty when they name none. */
export function restoreDirectory(options: Any | undefined): string {
  return decoded(options, 'containerd.runc.v1.Options', (bytes) => Options.decode(bytes).criuImagePath);
}

/** Options of other shims are theirs alone. */
function decoded(options: Any | undefined, type: string, read: (bytes: Uint8Array) => string): string {
  if (options?.typeUrl.slice(options.typeUrl.lastIndexOf('/') + 1) !== type) return '';
  try {
    return read(options.value);
  } catch (error) {
    throw new KindError('invalid-argument', `options of type ${type} cannot be read`, { cause: error });
  }
}
