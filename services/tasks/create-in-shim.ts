import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Shim } from './shim.ts';
import type { TaskFields } from './task-runtime.ts';

/**
 * Asks a shim to create the task of its bundle.
 * @param checkpoint the directory of the images to restore; empty for a task from its beginning
 * @returns the pid; 0 for a task that is restored when it is started.
 * @throws KindError with the shim's code and text.
 */
export async function createInShim(
  shim: Shim,
  fields: TaskFields,
  checkpoint: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { bundle } = shim;
  const request = {
    id: bundle.id,
    bundle: bundle.path,
    rootfs: fields.rootfs.map((mount) => ({ ...mount, options: [...mount.options] })),
    terminal: fields.terminal,
    stdin: fields.stdin,
    stdout: fields.stdout,
    stderr: fields.stderr,
    checkpoint,
    parentCheckpoint: '',
    options: fields.options,
  };
  try {
    const { pid } = await shim.client.call('create', request, signal);
    return pid;
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    throw new KindError(error.kind, `failed to create shim task: ${error.detail}`, { cause: error });
  }
}
