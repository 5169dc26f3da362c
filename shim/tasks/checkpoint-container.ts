import type { CheckpointOptions } from '../../api/gen/containerd/runc/v1/runc.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { host } from '../host/host.ts';
import type { Runc } from '../runtime/runc.ts';
import type { Bundle } from './bundle.ts';
import { copyDumpLog } from './copy-dump-log.ts';
import { removeDirectoryTree } from './remove-directory-tree.ts';

/** The container that a checkpoint is made of. */
export interface CheckpointedContainer {
  readonly id: string;
  readonly runc: Runc;
  readonly bundle: Bundle;
  readonly log: Logger;
}

/**
 * Has the runtime write the images of a container into a directory. Where the options name no directory for CRIU's work, one is made for it and
 * removed again.
 * @throws KindError with the runtime's first line, and where CRIU's log has been copied to.
 */
export async function checkpointContainer(
  { id, runc, bundle, log }: CheckpointedContainer,
  imagePath: string,
  options: CheckpointOptions,
): Promise<void> {
  const own = `${bundle.work}/criu-work`;
  const workPath = options.workPath === '' ? own : options.workPath;
  if (workPath === own) host.makeDirectory(own, 0o700);
  try {
    await runc.checkpoint(id, { ...options, imagePath, workPath }, !options.exit);
  } catch (error) {
    const copy = `${bundle.path}/criu-dump.log`;
    copyDumpLog(`${workPath}/dump.log`, copy, log);
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new KindError('unknown', `${first} path= ${copy}`, { cause: error });
  } finally {
    if (workPath === own) removeDirectoryTree(own);
  }
}
