import type { Logger } from '../../../pkg/log/logger.ts';
import { NamespacedSnapshotter, type NamespacedSnapshotterParts } from './namespaced-snapshotter.ts';

/**
 * Puts the metadata layer over a snapshotter and sets right what a crash left: interrupted commits are finished or forgotten, and
 * the backend's snapshots that no record names go. Their directories, which may be large, are removed afterwards. A remote backend may take as
 * long as it likes, so nobody waits for it; what it cannot do now is done by the next cleanup.
 */
export async function openNamespacedSnapshotter(
  parts: NamespacedSnapshotterParts,
  log: Logger,
): Promise<NamespacedSnapshotter> {
  const snapshotter = new NamespacedSnapshotter(parts);
  const { name, backend } = parts;
  const failed = (error: unknown): void => log.warn('snapshotter could not be cleaned up', { name, error });
  const settled = settle(snapshotter);
  if (backend.remote) void settled.catch(failed);
  else await settled;
  const cleanup = backend.remote ? undefined : backend.cleanup?.({ namespace: 'default' });
  void cleanup?.catch(failed);
  return snapshotter;
}

async function settle(snapshotter: NamespacedSnapshotter): Promise<void> {
  await snapshotter.settleCommits();
  await snapshotter.removeUnrecorded({ namespace: 'default' });
}
